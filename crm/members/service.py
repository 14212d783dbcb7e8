"""Finds members by the words that people use for them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from crm.bounds import row_id
from crm.errors import Ambiguous, NotFound
from crm.members.models import Member
from crm.reading.names import fold_name, same_case
from crm.reading.texts import plain_text

MAX_CANDIDATES = 6
MIN_ALIKE, MOST_WORDS, MOST_LETTERS, MOST_COMPARED = 2, 4, 80, 500
"""What a name that nobody has must share with others for them to be compared with it, and how many are."""
ALIKE = 0.6
"""Of all letters of both names, by `difflib`: above it a person sees a slip of the pen."""


def find_member(session: Session, words: str, *, owner_id: int | None = None) -> Member:
    """The one member that `words` mean: a key, an id, a name in either script, or a part of a name.

    Names are found without regard to case, accents, width and apostrophes; who is called exactly so comes first.
    With `owner_id` only that account's members exist. Raises Ambiguous with candidates when several
    fit, NotFound when none does.
    """
    wanted = plain_text(words)
    for fits in _ways(session, words, owner_id):
        query = select(Member).where(fits).order_by(Member.id).limit(MAX_CANDIDATES)
        if owner_id is not None:
            query = query.where(Member.owner_id == owner_id)
        found = _as_spelt(session.scalars(query).all(), wanted)
        if len(found) == 1:
            return found[0]
        if found:
            candidates = tuple(f"{member.name} ({member.external_ref}, {member.city})" for member in found)
            raise Ambiguous(f"several members fit {wanted!r}; name one by its number", candidates=candidates)
    message = f"there is no member {wanted!r}" + (" among your own" if owner_id is not None else "")
    raise NotFound(message, candidates=_near(session, words, owner_id))


def _near(session: Session, words: str, owner_id: int | None) -> tuple[str, ...]:
    """Members whose name is written much like this one, the nearest first; of those whose names are folded."""
    folded = fold_name(words)
    beginnings = [word[:MIN_ALIKE] for word in folded.split()[:MOST_WORDS] if len(word) >= MIN_ALIKE]
    if not beginnings:
        return ()
    columns = (Member.name_folded, Member.name_local_folded)
    alike = (column.contains(each, autoescape=True) for column in columns for each in beginnings)
    query = select(Member).where(or_(*alike)).order_by(Member.id).limit(MOST_COMPARED)
    if owner_id is not None:
        query = query.where(Member.owner_id == owner_id)
    likeness = {member: _likeness(folded, member) for member in session.scalars(query)}
    nearest = sorted((member for member in likeness if likeness[member] >= ALIKE), key=lambda m: (-likeness[m], m.id))
    return tuple(f"{member.name} ({member.external_ref}, {member.city})" for member in nearest[:MAX_CANDIDATES])


def _likeness(folded: str, member: Member) -> float:
    names = (member.name_folded, member.name_local_folded)
    return max(SequenceMatcher(None, folded[:MOST_LETTERS], name or "").ratio() for name in names)


def _as_spelt(found: Sequence[Member], wanted: str) -> Sequence[Member]:
    """Of several members those who have the accents that were typed, where there are any."""
    spelt = [
        member for member in found if same_case(wanted) in (same_case(member.name), same_case(member.name_local or ""))
    ]
    return spelt or found


def _ways(session: Session, words: str, owner_id: int | None) -> Iterator[ColumnElement[bool]]:
    """From the surest to the loosest; the first three ask indexes."""
    wanted = plain_text(words)
    yield _is_key(wanted)
    yield or_(Member.name == wanted, Member.name_local == wanted)
    folded = fold_name(words)
    if not folded:
        return
    columns = (Member.name_folded, Member.name_local_folded)
    unfolded = _unfolded(session, owner_id)
    yield or_(*(column == folded for column in columns), _fits(unfolded, folded.__eq__))
    yield func.lower(Member.external_ref) == wanted.lower()
    parts = (column.contains(folded, autoescape=True) for column in columns)
    yield or_(*parts, _fits(unfolded, lambda name: folded in name))


def _is_key(words: str) -> ColumnElement[bool]:
    is_ref = Member.external_ref.in_({words, words.upper(), words.lower()})
    member_id = row_id(words)
    return is_ref if member_id is None else or_(is_ref, Member.id == member_id)


def _unfolded(session: Session, owner_id: int | None) -> Mapping[int, Sequence[str]]:
    """The names of members that nobody has folded yet (`names.py`), folded here."""
    query = select(Member.id, Member.name, Member.name_local).where(Member.name_folded.is_(None)).order_by(Member.id)
    if owner_id is not None:
        query = query.where(Member.owner_id == owner_id)
    return {row.id: [fold_name(name) for name in row[1:] if name] for row in session.execute(query)}


def _fits(unfolded: Mapping[int, Sequence[str]], fits: Callable[[str], bool]) -> ColumnElement[bool]:
    found = (member_id for member_id, names in unfolded.items() if any(map(fits, names)))
    return Member.id.in_(list(islice(found, MAX_CANDIDATES)))
