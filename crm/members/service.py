"""Finds members by the words that people use for them."""

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from crm.errors import Ambiguous, NotFound
from crm.members.models import Member

MAX_CANDIDATES = 6


def find_member(session: Session, words: str, *, owner_id: int | None = None) -> Member:
    """The one member that `words` mean: a key, an id, a name in either script, or a part of a name.

    With `owner_id` only that account's members exist. Raises Ambiguous with candidates when several
    fit, NotFound when none does.
    """
    wanted = words.strip()
    for fits in (_is_key(wanted), _is_name(wanted), _is_part_of_name(wanted)):
        query = select(Member).where(fits).order_by(Member.id).limit(MAX_CANDIDATES)
        if owner_id is not None:
            query = query.where(Member.owner_id == owner_id)
        found = session.scalars(query).all()
        if len(found) == 1:
            return found[0]
        if found:
            candidates = tuple(f"{member.name} ({member.external_ref}, {member.city})" for member in found)
            raise Ambiguous(f"several members fit {wanted!r}; name one by its number", candidates=candidates)
    raise NotFound(f"there is no member {wanted!r}" + (" among your own" if owner_id is not None else ""))


def _is_key(words: str) -> ColumnElement[bool]:
    is_ref = func.lower(Member.external_ref) == words.lower()
    # ASCII digits alone: other scripts' digits are no ids.
    return or_(is_ref, Member.id == int(words)) if words.isascii() and words.isdigit() else is_ref


def _is_name(words: str) -> ColumnElement[bool]:
    return or_(func.lower(Member.name) == words.lower(), Member.name_local == words)


def _is_part_of_name(words: str) -> ColumnElement[bool]:
    return or_(Member.name.icontains(words, autoescape=True), Member.name_local.contains(words, autoescape=True))
