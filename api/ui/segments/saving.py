"""Writes of the segment page, each in one transaction, with the rights of whoever looks at it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from api.ui.viewer import Viewer
from crm.access.actor import Permission, require
from crm.campaigns.subscribers import builders_on, touched_in_words
from crm.catalog import CATALOG
from crm.errors import Unavailable
from crm.segments import saved
from crm.segments.maintenance import refresh_segments
from crm.segments.models import Segment
from crm.segments.saved import SegmentChanges

Json = Mapping[str, Any]


class Saving:
    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    async def save(self, name: str, description: str, definition: Json, note: str = "") -> Segment:
        """Save a definition under a new name."""
        return await self._viewer.write(
            lambda session, actor, now: saved.save_segment(
                session,
                name=name,
                description=description,
                definition=definition,
                actor=actor,
                now=now,
                catalog=CATALOG,
                note=note,
            )
        )

    async def change(self, segment: Segment, changes: SegmentChanges) -> Segment:
        """Make a new version of `segment` as this page knows it."""
        return await self._viewer.write(
            lambda session, actor, now: saved.change_segment(
                session,
                segment.id,
                version=segment.version,
                changes=changes,
                actor=actor,
                now=now,
                catalog=CATALOG,
                subscribers=builders_on,
            )
        )

    async def touched(self, segment: Segment) -> str | None:
        """What builds on the segment, and what a new version means for it."""
        return await self._viewer.read(lambda session, _actor, _now: touched_in_words(builders_on(session, segment.id)))

    async def restore(self, segment: Segment, number: int) -> Segment:
        return await self._viewer.write(
            lambda session, actor, now: saved.restore_version(
                session,
                segment.id,
                number,
                version=segment.version,
                actor=actor,
                now=now,
                catalog=CATALOG,
                subscribers=builders_on,
            )
        )

    async def delete(self, segment: Segment) -> None:
        await self._viewer.write(
            lambda session, actor, now: saved.delete_segment(
                session, segment.id, actor=actor, now=now, subscribers=builders_on
            )
        )

    async def refresh(self, segment: Segment) -> None:
        """Find the members anew. Raises Unavailable, with the reason, when that fails."""
        await self._viewer.read(lambda _session, actor, _now: require(actor, Permission.SAVE_SEGMENT))
        nurture = self._viewer.nurture
        done = await asyncio.to_thread(
            refresh_segments,
            nurture.sessions,
            nurture.clock.now(),
            catalog=CATALOG,
            anew=frozenset({segment.id}),
            wait=True,
        )
        if segment.name in done.failures:
            raise Unavailable(f"{segment.name} could not be evaluated: {done.failures[segment.name]}")
