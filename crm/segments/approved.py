"""In whose name a definition that somebody wrote is read, whoever acts: its author's, and from the moment on which
it is submitted exactly as it was then."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from crm.access.models import Account, Role
from crm.fields import Catalog
from crm.segments.describe import describe
from crm.segments.frozen import freeze, thaw
from crm.segments.phrases import Language
from crm.segments.scope import SegmentScope, open_scope


def author_scope(session: Session, account_id: int, catalog: Catalog, now: datetime) -> SegmentScope:
    """The scope of an author as it is now: a CSM's own members, everybody else's all; saved segments as they are."""
    row_owner_id = _row_owner(session, account_id)
    return open_scope(session, catalog, now, row_owner_id=row_owner_id, me_id=account_id)


def bind_audience(session: Session, account_id: int, *data: Any) -> dict[str, Any]:
    """What an approval binds of the definitions in `data` beside themselves, in JSON: whose members they are of, and
    the saved segments that they build on. Raises InvalidRequest for a segment that there is not."""
    scope = {"row_owner_id": _row_owner(session, account_id), "me_id": account_id}
    return {"scope": scope, "segments": freeze(session, *data)}


def approved_scope(session: Session, bound: Mapping[str, Any], catalog: Catalog, now: datetime) -> SegmentScope:
    """The scope that `bind_audience` wrote down, on the day of `now`."""
    ids = bound["scope"]
    scope = open_scope(session, catalog, now, row_owner_id=ids["row_owner_id"], me_id=ids["me_id"])
    return replace(scope, frozen=thaw(bound["segments"], catalog))


def segments_in_words(scope: SegmentScope, language: Language) -> list[dict[str, Any]]:
    """The saved segments that a scope carries, for whoever approves: `{"name", "version", "read_back"}`."""
    if scope.frozen is None:
        return []
    everyone = replace(scope, row_owner_id=None, me_id=None)
    return [
        {"name": name, "version": base.version, "read_back": describe(base.definition, everyone, language=language)}
        for name, base in scope.frozen.by_name.items()
    ]


def _row_owner(session: Session, account_id: int) -> int | None:
    return account_id if session.get_one(Account, account_id).role is Role.CSM else None
