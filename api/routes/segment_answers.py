"""Segments explained: why a member is in or out, who is at the edge, what each condition costs, what words mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from agent.planner.language import language_of
from api.auth import SignedIn, TheNurture
from api.bodies import Body
from api.bootstrap import Nurture
from api.routes.segments import AsOf, Definition
from api.while_connected import while_connected
from crm.access.actor import Permission, require
from crm.catalog import CATALOG, segment_scope
from crm.database import read_only
from crm.limits import Cancellation, limited
from crm.members.service import find_member
from crm.segments import boundary as edges
from crm.segments.definition import parse_definition
from crm.segments.describe import describe
from crm.segments.explain import definition_behind, explain_member
from crm.segments.language.questions import Question
from crm.segments.language.reader import SegmentRequest, read_segment
from crm.segments.language.vocabulary import load_vocabulary
from crm.segments.marginal import marginal_counts

router = APIRouter(prefix="/api/segments", tags=["segments"])

Language = Literal["en", "zh"]
MAX_WORDS = 1_000


class Asked(Body):
    definition: Definition
    language: Language = "en"


class MemberAsked(Asked):
    member: str = Field(min_length=1, max_length=80, examples=["Li Lei"], description="A member's name or number.")


class Place(BaseModel):
    """A member's place where places decide."""

    place: int | None
    ranked: int = Field(description="Members who are ranked.")
    places: int = Field(description="How many places lead in.")
    cut_off: Any = Field(description="The value of the last one in.")


class ConditionVerdict(BaseModel):
    path: str = Field(examples=["all[1].not"])
    words: str
    field: str
    op: str
    value: Any = Field(description="The member's value, as the export prints it; null when missing.")
    threshold: Any
    verdict: bool | None = Field(description="null: a missing value leaves it open.")
    missing: str | None = Field(description="The name of the missing value.")
    rank: Place | None


class MembershipAnswer(BaseModel):
    member_id: int
    member_name: str
    is_member: bool
    meets_conditions: bool | None
    conditions: list[ConditionVerdict]
    missed: list[str] = Field(description="Paths of the outermost conditions that are not true of the member.")
    rank: Place | None = Field(description="The place in the order, where the definition has a limit.")
    read_back: str
    as_of: date


class BoundaryExample(BaseModel):
    id: int
    name: str
    name_local: str | None
    tier: str
    city: str | None
    path: str = Field(description="Where the deciding condition stands; `limit` for the place in the order.")
    words: str
    measured: str | None = Field(examples=["day of the last order"])
    value: Any
    distance: float | None = Field(description="How far the value is from changing the verdict, in `unit`.")
    unit: str | None = Field(examples=["days", "money"])


class BoundaryAnswer(BaseModel):
    just_out: list[BoundaryExample] = Field(description="They miss the segment by exactly one condition.")
    just_in: list[BoundaryExample]
    read_back: str
    as_of: date


class MarginalPart(BaseModel):
    path: str
    words: str
    count: int = Field(description="Members who meet everything else.")
    difference: int


class MarginalAnswer(BaseModel):
    count: int
    parts: list[MarginalPart]
    parts_total: int = Field(description="More than `parts` when the tree is larger than what is counted.")
    read_back: str
    as_of: date


class WordsAsked(Body):
    text: str = Field(
        min_length=1, max_length=MAX_WORDS, examples=["top 5% by spend this year who have not ordered for 60 days"]
    )


class ClarifyingQuestion(BaseModel):
    asks: list[str] = Field(description="What is missing, e.g. `window`.", examples=[["window"]])
    words: str


class WordsAnswer(BaseModel):
    """A definition with its read-back, or the question that must be answered first."""

    definition: dict[str, Any] | None = None
    read_back: str | None = None
    group_by: list[str] = []
    metric: dict[str, Any] | None = None
    share_of: dict[str, Any] | None = Field(default=None, description="The members that a share is taken of.")
    as_of: date
    unread: list[str] = Field(description="Words with a meaning that found no place in the definition.")
    question: ClarifyingQuestion | None = None


@router.post("/explain")
async def explain(
    request: Request, body: MemberAsked, actor: SignedIn, nurture: TheNurture, as_of: AsOf = None
) -> MembershipAnswer:
    """Why a member is, or is not, in a segment: each condition with the value, the threshold and the verdict."""
    require(actor, Permission.READ_MEMBERS)
    definition = parse_definition(body.definition, CATALOG)

    def work(cancellation: Cancellation) -> MembershipAnswer:
        with _reading(nurture, cancellation) as session:
            scope = segment_scope(session, actor, nurture.clock.now(), as_of)
            asked = definition_behind(session, definition, scope)
            member = find_member(session, body.member, owner_id=scope.row_owner_id)
            found = explain_member(session, asked, scope, member.id, language=body.language)
            read_back = describe(asked, scope, language=body.language)
        facts = {**asdict(found), "missed": [path for path, _words in found.missed]}
        return MembershipAnswer.model_validate({**facts, "read_back": read_back, "as_of": scope.today})

    return await while_connected(request, work)


@router.post("/boundary")
async def boundary(
    request: Request, body: Asked, actor: SignedIn, nurture: TheNurture, as_of: AsOf = None
) -> BoundaryAnswer:
    """Members at the edge: who misses the segment by one condition, who is only just in; the nearest first."""
    require(actor, Permission.READ_MEMBERS)
    definition = parse_definition(body.definition, CATALOG)

    def work(cancellation: Cancellation) -> BoundaryAnswer:
        with _reading(nurture, cancellation) as session:
            scope = segment_scope(session, actor, nurture.clock.now(), as_of)
            asked = definition_behind(session, definition, scope)
            found = edges.boundary_examples(session, asked, scope, language=body.language)
            read_back = describe(asked, scope, language=body.language)
        return BoundaryAnswer.model_validate({**asdict(found), "read_back": read_back, "as_of": scope.today})

    return await while_connected(request, work)


@router.post("/marginal")
async def marginal(
    request: Request, body: Asked, actor: SignedIn, nurture: TheNurture, as_of: AsOf = None
) -> MarginalAnswer:
    """How many members there would be without each condition, nested ones too."""
    require(actor, Permission.READ_MEMBERS)
    definition = parse_definition(body.definition, CATALOG)

    def work(cancellation: Cancellation) -> MarginalAnswer:
        with _reading(nurture, cancellation) as session:
            scope = segment_scope(session, actor, nurture.clock.now(), as_of)
            asked = definition_behind(session, definition, scope)
            found = marginal_counts(session, asked, scope, language=body.language)
            read_back = describe(asked, scope, language=body.language)
        return MarginalAnswer.model_validate({**asdict(found), "read_back": read_back, "as_of": scope.today})

    return await while_connected(request, work)


@router.post("/read")
def read(body: WordsAsked, actor: SignedIn, nurture: TheNurture) -> WordsAnswer:
    """What words ask for, English or Chinese: a definition with its read-back, or a clarifying question."""
    require(actor, Permission.READ_MEMBERS)
    with read_only(nurture.sessions) as session:
        today = segment_scope(session, actor, nurture.clock.now()).today
        reading = read_segment(body.text, load_vocabulary(session, CATALOG), today)
        if reading.request is None:
            return WordsAnswer(as_of=today, unread=list(reading.unread), question=_question(reading.question))
        scope = segment_scope(session, actor, nurture.clock.now(), reading.request.as_of)
    found = reading.request
    definition = parse_definition(_listed(found), CATALOG)
    return WordsAnswer(
        definition=definition.to_json(),
        read_back=describe(definition, scope, language=language_of(body.text)),
        group_by=list(found.group_by),
        metric=found.metric,
        share_of=found.share_of,
        as_of=scope.today,
        unread=list(reading.unread),
    )


def _question(question: Question | None) -> ClarifyingQuestion | None:
    return None if question is None else ClarifyingQuestion(asks=list(question.slots), words=question.words)


def _listed(found: SegmentRequest) -> dict[str, Any]:
    """The definition with its order and limit; a limit beside groups counts these."""
    limit = None if found.group_by else found.limit
    arrangement = {"order_by": found.order_by, "limit": limit, "limit_percent": found.limit_percent}
    return {**found.definition, **{name: value for name, value in arrangement.items() if value is not None}}


@contextmanager
def _reading(nurture: Nurture, cancellation: Cancellation) -> Iterator[Session]:
    """A session that ends with `timed_out` after NURTURE_READ_SECONDS, and when the client hangs up."""
    with (
        read_only(nurture.sessions) as session,
        limited(session, seconds=nurture.settings.read_seconds, cancellation=cancellation),
    ):
        yield session
