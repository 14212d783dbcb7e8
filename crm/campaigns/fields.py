"""What segments can ask of the campaigns a member was in."""

from collections.abc import Iterator

from sqlalchemy import select

from crm.fields import Aggregate, Collection, Fact, Field, Kind, Qualifier, Qualifiers, Record, RowColumns, Rows
from crm.outreach.models import Enrolment, Journey, JourneyKind
from crm.words import Text

_IS_CAMPAIGN = Journey.kind == JourneyKind.CAMPAIGN
NAMES = select(Journey.name).where(_IS_CAMPAIGN)

CAMPAIGN = Qualifier(
    name="campaign",
    matches=lambda journey_id, names: journey_id.in_(select(Journey.id).where(_IS_CAMPAIGN, Journey.name.in_(names))),
    label=lambda journey_id: select(Journey.name).where(_IS_CAMPAIGN, Journey.id == journey_id).scalar_subquery(),
    values=NAMES,
    text=Text("campaign", "活动"),
    names=NAMES,
)
"""Rows that belong to a campaign know its journey; people know its name."""

_enrolments = Enrolment.__table__.join(Journey.__table__, (Journey.id == Enrolment.journey_id) & _IS_CAMPAIGN)


def _memberships(_qualifiers: Qualifiers) -> RowColumns:
    return RowColumns(Enrolment.member_id, at=Enrolment.enrolled_at, value=Journey.name, source=_enrolments)


def _facts(record: Record, _qualifiers: Qualifiers) -> Iterator[Fact]:
    return (Fact(part["campaign"], part["at"], part["campaign"]) for part in record["campaigns"])


FIELDS = (
    Field(
        name="campaign",
        kind=Kind.MEMBERSHIP,
        source=Rows(Aggregate.SET, _memberships, _facts),
        label=Text("campaigns taken part in (in their holdout, too)", "参与过的活动（含对照组）"),
        words_en=("campaign", "campaigns", "was in", "took part in", "targeted by"),
        words_zh=("活动", "参加过", "参与活动"),
        values=NAMES,
        names=NAMES,
    ),
)

COLLECTIONS = (
    Collection(
        "campaigns",
        source=_enrolments,
        member_id=Enrolment.member_id,
        columns={"campaign": Journey.name, "arm": Enrolment.arm, "at": Enrolment.enrolled_at},
    ),
)
