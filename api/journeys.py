"""Journeys and tasks as the API and the command line show them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy.orm import Session

from crm.access.actor import Actor
from crm.access.approvals import approval_for
from crm.access.models import Account, ApprovalState
from crm.catalog import CATALOG
from crm.differences import Difference, differences
from crm.journeys.comparison import JourneyFigures, journey_figures
from crm.journeys.house_rules import Finding
from crm.journeys.lookup import SUBJECT_KIND, journey_scope, versions_of
from crm.journeys.overview import JourneySummary
from crm.journeys.prepare import people_of, prepare
from crm.journeys.steps.kind import SpecError
from crm.journeys.views import StepCounts, show_journey
from crm.journeys.words import JourneyInWords, journey_in_words
from crm.outreach.ledger import spec_of
from crm.outreach.models import EndReason, Journey, JourneyState
from crm.segments.scope import SegmentScope

Language = Literal["en", "zh"]


class JourneyRow(BaseModel):
    """One journey, whatever its versions; counts are people, each counted once in all of them."""

    id: int
    """Of the newest version."""
    name: str
    version: int
    state: JourneyState
    end_reason: EndReason | None
    """Of one that ended."""
    trigger: str
    has_draft: bool
    """Whether a version waits that is newer than the one that runs."""
    under_way: int
    entered: int
    left: int
    activated_at: datetime | None
    note: str | None


class VersionRow(BaseModel):
    id: int
    version: int
    state: JourneyState
    end_reason: EndReason | None
    """Of one that ended."""
    author: str
    created_at: datetime
    activated_at: datetime | None
    ended_at: datetime | None
    changes: list[Difference]
    """Against the version before."""


class ApprovalView(BaseModel):
    state: ApprovalState
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None
    note: str | None
    facts: dict[str, Any]
    fingerprint: str
    """Of what it is about: a decision names it."""


class JourneyView(BaseModel):
    id: int
    name: str
    version: int
    state: JourneyState
    end_reason: EndReason | None
    """Of one that ended."""
    note: str | None
    author: str
    takes_entries: bool
    """Whether it is the version that members enter now."""
    spec: dict[str, Any]
    in_words: JourneyInWords
    steps: list[StepCounts]
    """Who stands where now and who went where in total, messages by state and reason, tasks by state."""
    figures: JourneyFigures
    approval: ApprovalView | None
    versions: list[VersionRow]
    as_of: datetime


class Checked(BaseModel):
    """Whether a journey can be walked; its words as soon as it can."""

    is_valid: bool
    mistakes: list[SpecError]
    warnings: list[SpecError]
    """What keeps nothing from being sent, but should be known, e.g. a text message of several parts."""
    in_words: JourneyInWords | None


def row_of(summary: JourneySummary) -> JourneyRow:
    return JourneyRow(
        id=summary.newest.journey_id,
        name=summary.name,
        version=summary.newest.version,
        state=summary.state,
        end_reason=summary.end_reason,
        trigger=summary.newest.trigger,
        has_draft=summary.has_draft,
        under_way=summary.under_way,
        entered=summary.entered,
        left=summary.left,
        activated_at=summary.activated_at,
        note=summary.newest.note,
    )


def check(session: Session, data: Mapping[str, Any], scope: SegmentScope, now: datetime, language: Language) -> Checked:
    """Everything that is wrong with a journey in its JSON form. Nothing is saved."""
    filled = {"experiment": data.get("name"), **data}
    prepared = prepare(session, filled, scope, people=people_of(session, scope.me_id), now=now)
    mistakes, warnings = (_listed(found) for found in (prepared.findings, prepared.warnings))
    words = None if mistakes else journey_in_words(prepared.spec, scope, language=language)
    return Checked(is_valid=not mistakes, mistakes=mistakes, warnings=warnings, in_words=words)


def _listed(found: Iterable[Finding]) -> list[SpecError]:
    return [SpecError(finding.path, finding.sentence) for finding in found]


def view_of(
    session: Session, journey: Journey, actor: Actor, now: datetime, *, language: Language = "en"
) -> JourneyView:
    """One version with its counts, and the figures of this version alone."""
    seen = show_journey(session, journey.id, actor=actor, now=now)
    return JourneyView(
        id=journey.id,
        name=journey.name,
        version=journey.version,
        state=journey.state,
        end_reason=journey.end_reason,
        note=journey.note,
        author=_name(session, journey.author_id) or "",
        takes_entries=seen.line.takes_entries,
        spec=dict(seen.spec),
        in_words=journey_in_words(spec_of(journey), journey_scope(session, journey, CATALOG, now), language=language),
        steps=list(seen.steps),
        figures=journey_figures(session, [journey.id], now),
        approval=_approval(session, journey),
        versions=version_rows(session, journey.name),
        as_of=now,
    )


def version_rows(session: Session, name: str) -> list[VersionRow]:
    """Every version with what it changed, the newest first."""
    found = versions_of(session, name)
    before = {version.version: older.spec for version, older in pairwise(found)}
    return [
        VersionRow(
            id=version.id,
            version=version.version,
            state=version.state,
            end_reason=version.end_reason,
            author=_name(session, version.author_id) or "",
            created_at=version.created_at,
            activated_at=version.activated_at,
            ended_at=version.ended_at,
            changes=differences(before[version.version], version.spec) if version.version in before else [],
        )
        for version in found
    ]


def _approval(session: Session, journey: Journey) -> ApprovalView | None:
    approval = approval_for(session, SUBJECT_KIND, journey.id)
    if approval is None:
        return None
    return ApprovalView(
        state=approval.state,
        requested_by=_name(session, approval.requested_by) or "",
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        decided_by=_name(session, approval.decided_by),
        note=approval.note,
        facts=approval.facts,
        fingerprint=approval.fingerprint,
    )


def _name(session: Session, account_id: int | None) -> str | None:
    return None if account_id is None else session.get_one(Account, account_id).display_name
