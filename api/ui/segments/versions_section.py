"""What a saved segment was before, and the way back."""

from collections.abc import Awaitable, Callable

from api.ui import formats
from api.ui.components.card import Local
from api.ui.latest_read import LatestRead
from api.ui.segments.asking import Ground
from api.ui.segments.saved_view import Versions, read_versions
from api.ui.segments.words import read_back
from api.ui.theme import block, chip, quiet, text
from api.ui.viewer import Viewer
from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.segments.definition import Definition, parse_definition
from crm.segments.history import Version

Restore = Callable[[int], Awaitable[None]]


class VersionsSection:
    def __init__(self, viewer: Viewer, local: Local, ground: Ground, segment_id: int, restore: Restore) -> None:
        self._reads = LatestRead(viewer)
        self._local, self._ground = local, ground
        self._segment_id, self._restore = segment_id, restore
        self._box = block("stack tight")

    async def show(self, _definition: Definition) -> None:
        found = await self._reads.run(lambda session, actor, _now: read_versions(session, actor, self._segment_id))
        if found is None:
            return
        self._box.clear()
        with self._box:
            for version in found.versions:
                self._version(version, found)

    def cancel(self) -> None:
        self._reads.cancel()

    def _version(self, version: Version, found: Versions) -> None:
        with block("line top flow edge-member"):
            with block("stack snug grow"):
                with block("line tight flow"):
                    text(f"Version {version.number}", "strong")
                    if version.number == found.newest:
                        chip("In force", "good", "check")
                    text(f"{version.changed_by}, {self._local.moment(version.changed_at)}", "small muted")
                text(formats.capitalised(self._words(version)), "small wrap")
                note = " · ".join(part for part in (version.name, version.note) if part)
                text(note, "small faint wrap")
            if version.number != found.newest and found.may_change:
                restore = quiet("Restore", lambda: self._restore(version.number), symbol="restore")
                restore.props(f'dense size=sm aria-label="Restore version {version.number}"')

    def _words(self, version: Version) -> str:
        try:
            return read_back(parse_definition(version.definition, CATALOG), self._ground, "en")
        except InvalidRequest as error:
            return f"This version cannot be read any more: {error.message}"
