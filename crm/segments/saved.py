"""Saved segments: a definition under a name, in versions, that other segments and campaigns can build on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from rapidfuzz import fuzz, process
from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.access import audit
from crm.access.actor import Actor, Permission, require
from crm.access.models import Account
from crm.access.sensitive import Purpose, record_sensitive, require_sensitive
from crm.access.shaping import note_shaping
from crm.access.uses import forget_uses
from crm.bounds import row_id
from crm.errors import Ambiguous, Conflict, InvalidRequest, NotFound
from crm.fields import Catalog, Op
from crm.members.fields import ME
from crm.reading.names import same_case
from crm.segments.definition import Definition, parse_definition
from crm.segments.dependencies import find_circle, segments_named
from crm.segments.fields import SEGMENT
from crm.segments.frozen import FrozenSegments
from crm.segments.maintenance import lock_segments, refresh_one
from crm.segments.models import Segment, SegmentVersion
from crm.segments.references import SEGMENT_KIND as SUBJECT_KIND
from crm.segments.references import note_segments_used
from crm.segments.service import require_known_names

MAX_NAME_LENGTH = 80
MAX_DESCRIPTION_LENGTH = 2_000
_NEAR_SCORE = 60
"""Similarity (0 to 100) from which a name is worth offering when none fits."""


@dataclass(frozen=True)
class Subscriber:
    """Something that builds on a segment and would break without it."""

    kind: Literal["segment", "campaign", "journey"]
    id: int
    name: str
    state: str | None = None


FindSubscribers = Callable[[Session, int], Sequence[Subscriber]]
"""What builds on the segment of an id and is not over. Campaigns and journeys stand above this room, so that the one
who asks them is handed in (`crm/campaigns/subscribers.py`)."""


@dataclass(frozen=True)
class SegmentChanges:
    """What is to be different; None leaves it."""

    name: str | None = None
    description: str | None = None
    definition: Mapping[str, Any] | None = None
    note: str = ""


def save_segment(
    session: Session,
    *,
    name: str,
    definition: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    catalog: Catalog,
    description: str = "",
    note: str = "",
    request_id: str | None = None,
) -> Segment:
    """Save a definition under a new name and find its members; the same request_id returns the first segment.

    Raises InvalidRequest for a definition that cannot stand on its own or builds on itself, Conflict when the
    name is taken, Forbidden for sensitive fields, TimedOut when its members cannot be found in time.
    """
    require(actor, Permission.SAVE_SEGMENT)
    lock_segments(session, wait=True)
    if request_id is not None and (first := _saved_by(session, request_id)) is not None:
        return first
    name, description = _checked_name(session, name), _checked_text(description, "a description")
    parsed = _checked_definition(session, name, definition, actor, catalog)
    sensitive = _sensitive_fields(session, parsed, actor, catalog)
    segment = Segment(
        name=name,
        description=description,
        owner_id=actor.account_id,
        request_id=request_id,
        version=0,
        definition=parsed.to_json(),
        created_at=now,
        updated_at=now,
        evaluated_at=now,
        evaluated_on=now.date(),
        duration_ms=0,
        count=0,
        seen_change_id=0,
    )
    session.add(segment)
    session.flush()
    _add_version(session, segment, actor, now, note or "first version")
    _record_sensitive(session, segment, sensitive, actor, now)
    refresh_one(session, segment, now, catalog=catalog, is_first=True)
    _audit(session, segment, "segment.saved", actor, now, count=segment.count)
    return segment


def change_segment(
    session: Session,
    segment_id: int,
    *,
    version: int,
    changes: SegmentChanges,
    actor: Actor,
    now: datetime,
    catalog: Catalog,
    subscribers: FindSubscribers,
) -> Segment:
    """Make a new version of a segment. `version` is the one that the person saw.

    Raises Conflict when somebody changed it since, or when it gets another name while others build on this one.
    """
    segment = _locked(session, segment_id, actor)
    _require_version(session, segment, version)
    if changes.name is not None and changes.name.strip() != segment.name:
        _refuse_while_used(session, segment, subscribers, "get another name")
        segment.name = _checked_name(session, changes.name, of=segment)
    if changes.description is not None:
        segment.description = _checked_text(changes.description, "a description")
    sensitive: Sequence[str] | None = None
    if changes.definition is not None:
        parsed = _checked_definition(session, segment.name, changes.definition, actor, catalog)
        sensitive = _sensitive_fields(session, parsed, actor, catalog)
        segment.definition = parsed.to_json()
    segment.updated_at = now
    _add_version(session, segment, actor, now, changes.note)
    if sensitive is not None:
        _record_sensitive(session, segment, sensitive, actor, now)
        refresh_one(session, segment, now, catalog=catalog)
    _audit(session, segment, "segment.changed", actor, now, version=segment.version)
    return segment


def put_segment(
    session: Session,
    *,
    name: str,
    changes: SegmentChanges,
    actor: Actor,
    now: datetime,
    catalog: Catalog,
    subscribers: FindSubscribers,
) -> Segment:
    """A new segment or, where one bears the name already, its next version. Needs a definition for a new one."""
    names = {same_case(known): key for key, known in session.execute(select(Segment.id, Segment.name))}
    key = names.get(same_case(name))
    known = None if key is None else session.get(Segment, key)
    if known is not None:
        return change_segment(
            session,
            known.id,
            version=known.version,
            changes=changes,
            actor=actor,
            now=now,
            catalog=catalog,
            subscribers=subscribers,
        )
    if changes.definition is None:
        raise NotFound(f"there is no segment called {name!r}; give a definition to make it")
    return save_segment(
        session,
        name=name,
        definition=changes.definition,
        description=changes.description or "",
        note=changes.note,
        actor=actor,
        now=now,
        catalog=catalog,
    )


def restore_version(
    session: Session,
    segment_id: int,
    number: int,
    *,
    version: int,
    actor: Actor,
    now: datetime,
    catalog: Catalog,
    subscribers: FindSubscribers,
) -> Segment:
    """Make the definition of an older version the newest one: what was undone stays in the history.

    `version` is the one that the person saw. Raises NotFound without such a version.
    """
    old = session.get(SegmentVersion, (segment_id, number))
    if old is None:
        raise NotFound(f"segment {segment_id} has no version {number}")
    changes = SegmentChanges(definition=old.definition, note=f"restored from version {number}")
    return change_segment(
        session,
        segment_id,
        version=version,
        changes=changes,
        actor=actor,
        now=now,
        catalog=catalog,
        subscribers=subscribers,
    )


def delete_segment(
    session: Session, segment_id: int, *, actor: Actor, now: datetime, subscribers: FindSubscribers
) -> None:
    """Remove a segment with its history. Raises Conflict, naming them, while others build on it."""
    segment = _locked(session, segment_id, actor)
    _refuse_while_used(session, segment, subscribers, "be deleted")
    _audit(session, segment, "segment.deleted", actor, now, name=segment.name, definition=segment.definition)
    forget_uses(session, SUBJECT_KIND, segment.id)
    session.execute(delete_rows(Segment).where(Segment.id == segment.id))
    session.expunge(segment)


def get_segment(session: Session, segment_id: int) -> Segment:
    """Raises NotFound."""
    segment = session.get(Segment, segment_id)
    if segment is None:
        raise NotFound(f"there is no segment {segment_id}")
    return segment


def find_segment(session: Session, name_or_id: str | int) -> Segment:
    """By id, exact name (in any case), or the only name that contains the words.

    Raises Ambiguous when several names do, NotFound with the near names when none does.
    """
    text = str(name_or_id).strip()
    names = {name: segment_id for segment_id, name in session.execute(select(Segment.id, Segment.name))}
    exact = [name for name in names if name.casefold() == text.casefold()]
    if not exact and row_id(text) in names.values():
        return get_segment(session, int(text))
    fitting = exact or sorted(name for name in names if text and text.casefold() in name.casefold())
    if len(fitting) == 1:
        return get_segment(session, names[fitting[0]])
    if fitting:
        raise Ambiguous(f"several segments are called something like {text!r}", candidates=tuple(fitting))
    near = process.extract(text, list(names), scorer=fuzz.WRatio, limit=3, score_cutoff=_NEAR_SCORE)
    candidates = tuple(name for name, _, _ in near)
    meant = f"; did you mean {' or '.join(candidates)}?" if candidates else ""
    raise NotFound(f"there is no segment called {text!r}{meant}", candidates=candidates)


def list_segments(session: Session) -> list[Segment]:
    """By name."""
    return list(session.scalars(select(Segment).order_by(func.lower(Segment.name), Segment.id)))


def require_evaluated(session: Session, data: Mapping[str, Any]) -> None:
    """Raises Conflict when the definition, in its JSON form, builds on a segment that could not be evaluated."""
    for base in session.scalars(select(Segment).where(Segment.name.in_(segments_named(data))).order_by(Segment.name)):
        if base.failure is not None:
            raise Conflict(f"it builds on the segment {base.name}, which could not be evaluated: {base.failure}")
        require_evaluated(session, base.definition)


def sensitive_fields_in(
    session: Session, definition: Definition, catalog: Catalog, frozen: FrozenSegments | None = None
) -> tuple[str, ...]:
    """The sensitive fields that decide who is in, by way of the segments that it builds on, too: those that were
    written down where `frozen` is given."""
    if frozen is not None:
        bases = [base.definition for base in frozen.by_name.values()]
        return tuple(sorted(set().union(*map(_asked_of, (definition, *bases)))))
    found = _asked_of(definition)
    for base in session.scalars(select(Segment).where(Segment.name.in_(segments_named(definition.to_json())))):
        found.update(sensitive_fields_in(session, parse_definition(base.definition, catalog), catalog))
    return tuple(sorted(found))


def _asked_of(definition: Definition) -> set[str]:
    terms = [condition.term for condition in definition.conditions()]
    terms += [] if definition.order_by is None else [definition.order_by.term]
    return {term.field.name for term in terms if term.field.is_sensitive}


def _saved_by(session: Session, request_id: str) -> Segment | None:
    return session.scalar(select(Segment).where(Segment.request_id == request_id))


def _locked(session: Session, segment_id: int, actor: Actor) -> Segment:
    """The segment, held together with all others; only its owner and who may change any get it."""
    require(actor, Permission.SAVE_SEGMENT)
    lock_segments(session, wait=True)
    segment = get_segment(session, segment_id)
    if segment.owner_id != actor.account_id:
        require(actor, Permission.CHANGE_ANY_SEGMENT)
    return segment


def _require_version(session: Session, segment: Segment, version: int) -> None:
    if version == segment.version:
        return
    newest = session.get_one(SegmentVersion, (segment.id, segment.version))
    who = session.get_one(Account, newest.changed_by).display_name
    raise Conflict(
        f"{segment.name} is at version {segment.version} by {who}, not {version}; look at it again, then change it"
    )


def _refuse_while_used(session: Session, segment: Segment, subscribers: FindSubscribers, what: str) -> None:
    if used_by := subscribers(session, segment.id):
        names = ", ".join(dict.fromkeys(f"{user.kind} {user.name}" for user in used_by))
        raise Conflict(f"{segment.name} cannot {what} while others build on it: {names}; change these first")


def _checked_name(session: Session, name: str, *, of: Segment | None = None) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(f"a segment's name has 1 to {MAX_NAME_LENGTH} printable characters", path="name")
    for other in session.scalars(select(Segment)):
        if other is not of and other.name.casefold() == name.casefold():
            raise Conflict(f"there is a segment called {other.name!r} already; choose another name", path="name")
    return name


def _checked_text(text: str, what: str) -> str:
    if len(text) > MAX_DESCRIPTION_LENGTH or "\x00" in text:
        raise InvalidRequest(f"{what} has at most {MAX_DESCRIPTION_LENGTH:,} characters")
    return text.strip()


def _checked_definition(
    session: Session, name: str, data: Mapping[str, Any], actor: Actor, catalog: Catalog
) -> Definition:
    """The definition, if it means the same whoever asks and does not build on itself."""
    parsed = parse_definition(data, catalog)
    if any(isinstance(leaf.value, tuple) and ME in leaf.value for leaf in parsed.conditions()):
        raise InvalidRequest(
            f"a saved segment means the same whoever looks at it: instead of {ME} write the name, "
            f"e.g. {actor.display_name!r}",
            path="definition",
        )
    for leaf in parsed.conditions():
        if leaf.field.name == SEGMENT and leaf.op in (Op.ANY, Op.NONE):
            raise InvalidRequest(
                f"{SEGMENT} {leaf.op} asks about every saved segment, this one among them; name those that you mean "
                "with in or not_in",
                path="definition",
            )
    rows = session.execute(select(Segment.name, Segment.definition).where(Segment.name != name))
    named = {row.name: segments_named(row.definition) for row in rows}
    if circle := find_circle(name, segments_named(parsed.to_json()), named):
        raise InvalidRequest(f"a segment cannot build on itself: {' -> '.join(circle)}", path="definition")
    require_known_names(session, parsed)
    return parsed


def _sensitive_fields(session: Session, parsed: Definition, actor: Actor, catalog: Catalog) -> tuple[str, ...]:
    """Those in the definition. Raises Forbidden when the actor may not use them."""
    fields = sensitive_fields_in(session, parsed, catalog)
    require_sensitive(session, fields, actor=actor, purpose=Purpose.SAVED_SEGMENT)
    return fields


def _add_version(session: Session, segment: Segment, actor: Actor, now: datetime, note: str) -> None:
    segment.version += 1
    session.add(
        SegmentVersion(
            segment_id=segment.id,
            number=segment.version,
            name=segment.name,
            description=segment.description,
            definition=segment.definition,
            changed_by=actor.account_id,
            changed_at=now,
            note=_checked_text(note, "a note"),
        )
    )
    note_segments_used(session, SUBJECT_KIND, segment.id, segment.definition)
    note_shaping(session, SUBJECT_KIND, segment.id, actor=actor, what="changed", now=now)


def _record_sensitive(session: Session, segment: Segment, fields: Sequence[str], actor: Actor, now: datetime) -> None:
    subject = f"{SUBJECT_KIND}:{segment.id}"
    record_sensitive(session, fields, actor=actor, purpose=Purpose.SAVED_SEGMENT, subject=subject, now=now)


def _audit(session: Session, segment: Segment, action: str, actor: Actor, now: datetime, **detail: Any) -> None:
    audit.record(session, now=now, actor=actor, action=action, subject=f"{SUBJECT_KIND}:{segment.id}", **detail)
