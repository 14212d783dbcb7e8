"""The exclusion log of a campaign or journey: numbers for all who read them, members for who reads members."""

from codecs import BOM_UTF8
from collections.abc import Collection, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.auth import SignedIn, TheNurture
from api.bootstrap import Nurture
from crm.access.actor import Actor, Permission, require
from crm.bounds import LARGEST_ID
from crm.campaigns.exclusions import ExclusionLog, exclusion_log
from crm.campaigns.service import find_campaign
from crm.channels import Channel
from crm.database import read_only, unit_of_work
from crm.journeys.exclusions import (
    ExcludedPage,
    ExclusionFilter,
    JourneyExclusionLog,
    excluded_members,
    exclusion_lines,
    journey_exclusion_log,
    record_export,
)
from crm.journeys.finding import find_versions
from crm.outreach.models import ExclusionReason

campaigns_router = APIRouter(prefix="/api", tags=["campaigns"])
journeys_router = APIRouter(prefix="/api", tags=["journeys"])
OF_CAMPAIGN = "/campaigns/{campaign}/exclusions"
OF_JOURNEY = "/journeys/{journey}/exclusions"

IN_MEMORY_BYTES = 1_000_000
CHUNK_BYTES = 65_536


def narrowed(
    reason: ExclusionReason | None = None,
    channel: Channel | None = None,
    step: Annotated[str | None, Query(max_length=40)] = None,
) -> ExclusionFilter:
    return ExclusionFilter(reason, channel, step)


Wanted = Annotated[ExclusionFilter, Depends(narrowed)]


After = Annotated[int, Query(ge=0, le=LARGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=200)]


@campaigns_router.get(OF_CAMPAIGN)
def numbers(campaign: str, actor: SignedIn, nurture: TheNurture) -> ExclusionLog:
    """How many messages and members were left out, by reason, channel and step, in the order of the gate."""
    with read_only(nurture.sessions) as session:
        return exclusion_log(session, find_campaign(session, campaign).id, nurture.clock.now())


@campaigns_router.get(f"{OF_CAMPAIGN}/members")
def members(
    campaign: str, wanted: Wanted, actor: SignedIn, nurture: TheNurture, after: After = 0, limit: Limit = 50
) -> ExcludedPage:
    """Who was left out, without contact details; a customer success manager reads of their own members alone."""
    with read_only(nurture.sessions) as session:
        found = [find_campaign(session, campaign).journey_id]
        return excluded_members(session, found, wanted, actor=actor, after=after, limit=limit)


@campaigns_router.get(f"{OF_CAMPAIGN}/members.csv", response_class=StreamingResponse)
def members_as_csv(campaign: str, wanted: Wanted, actor: SignedIn, nurture: TheNurture) -> StreamingResponse:
    """The same as a file. The export is noted in the audit log."""
    with unit_of_work(nurture.sessions) as session:
        found = find_campaign(session, campaign)
        subject, name, ids = f"campaign:{found.id}", f"exclusions-{found.id}.csv", [found.journey_id]
        record_export(session, subject, wanted, actor=actor, now=nurture.clock.now())
    return _file(nurture, actor, ids, wanted, name)


@journeys_router.get(OF_JOURNEY)
def numbers_of_journey(journey: str, actor: SignedIn, nurture: TheNurture) -> JourneyExclusionLog:
    """How many messages and members were left out, by reason, channel and step: by name of every version together, by
    id of that version."""
    require(actor, Permission.READ_REVIEW)
    with read_only(nurture.sessions) as session:
        return journey_exclusion_log(session, find_versions(session, journey), nurture.clock.now())


@journeys_router.get(f"{OF_JOURNEY}/members")
def members_of_journey(
    journey: str, wanted: Wanted, actor: SignedIn, nurture: TheNurture, after: After = 0, limit: Limit = 50
) -> ExcludedPage:
    """Who was left out, without contact details; a customer success manager reads of their own members alone."""
    with read_only(nurture.sessions) as session:
        found = [version.id for version in find_versions(session, journey)]
        return excluded_members(session, found, wanted, actor=actor, after=after, limit=limit)


@journeys_router.get(f"{OF_JOURNEY}/members.csv", response_class=StreamingResponse)
def members_of_journey_as_csv(journey: str, wanted: Wanted, actor: SignedIn, nurture: TheNurture) -> StreamingResponse:
    """The same as a file. The export is noted in the audit log."""
    with unit_of_work(nurture.sessions) as session:
        ids = [version.id for version in find_versions(session, journey)]
        record_export(session, f"journey:{ids[0]}", wanted, actor=actor, now=nurture.clock.now())
    return _file(nurture, actor, ids, wanted, f"exclusions-journey-{ids[0]}.csv")


def _file(
    nurture: Nurture, actor: Actor, journey_ids: Collection[int], wanted: ExclusionFilter, name: str
) -> StreamingResponse:
    # Aside first: a slow reader must not hold a snapshot of the database open.
    aside = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed when it has been read
    aside.write(BOM_UTF8)  # by which spreadsheets know the names' characters
    with read_only(nurture.sessions) as session:
        for line in exclusion_lines(session, journey_ids, wanted, actor=actor):
            aside.write(line.encode())
    aside.seek(0)
    return StreamingResponse(
        _chunks(aside),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


router = APIRouter()
router.include_router(campaigns_router)
router.include_router(journeys_router)
