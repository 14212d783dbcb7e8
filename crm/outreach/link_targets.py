"""The pages that a journey's texts link to: gathered when it is launched, and the only ones a click leads to."""

from collections.abc import Iterable, Mapping

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from crm.outreach.models import MessageLink
from crm.outreach.spec import JourneySpec
from crm.outreach.template import MEMBER_FIELDS, Wording, render
from crm.outreach.tracked_links import targets_in

_MEMBERS_WORDS = "\x00"
"""Stands where a member's own words would: an address that they are part of is no target, nor is one inside them."""


def journey_values(spec: JourneySpec) -> dict[str, str | None]:
    """The template fields that are the same for every member."""
    return {"offer": spec.benefits.words, "code": ", ".join(spec.benefits.coupon_codes)}


def targets_of(spec: JourneySpec) -> list[str]:
    """The addresses in the texts of a journey that are the same for every member, once each."""
    texts = ((spec.offering(step), words) for step in spec.sends for words in step.wordings)
    return list(dict.fromkeys(target for offering, words in texts for target in targets_in_words(offering, words)))


def targets_in_words(spec: JourneySpec, words: Wording) -> list[str]:
    """Those of one text; `spec` as it offers in the text's step."""
    members_words = dict.fromkeys(MEMBER_FIELDS, _MEMBERS_WORDS)
    body = render(words.body, journey_values(spec) | members_words, spec.language)
    return targets_in(body, stop=_MEMBERS_WORDS)


def store_targets(session: Session, journey_id: int, spec: JourneySpec) -> None:
    rows = [{"journey_id": journey_id, "target": target} for target in targets_of(spec)]
    if rows:
        session.execute(insert(MessageLink), rows)


def stored_targets(session: Session, journey_ids: Iterable[int]) -> Mapping[int, Mapping[str, int]]:
    """For each journey its targets and their link ids."""
    query = select(MessageLink.journey_id, MessageLink.target, MessageLink.id)
    found: dict[int, dict[str, int]] = {}
    for journey_id, target, link_id in session.execute(query.where(MessageLink.journey_id.in_(set(journey_ids)))):
        found.setdefault(journey_id, {})[target] = link_id
    return found
