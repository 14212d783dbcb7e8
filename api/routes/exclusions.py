"""The exclusion log of a campaign: numbers for everyone who reads campaigns, members for those who read members."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.auth import SignedIn, TheNurture
from crm.bounds import LARGEST_ID
from crm.campaigns.exclusions import (
    ExcludedPage,
    ExclusionFilter,
    ExclusionLog,
    excluded_members,
    exclusion_lines,
    exclusion_log,
    record_export,
)
from crm.campaigns.service import find_campaign
from crm.channels import Channel
from crm.database import read_only, unit_of_work
from crm.outreach.models import ExclusionReason

router = APIRouter(prefix="/api/campaigns/{campaign}/exclusions", tags=["campaigns"])

IN_MEMORY_BYTES = 1_000_000
CHUNK_BYTES = 65_536


def narrowed(
    reason: ExclusionReason | None = None,
    channel: Channel | None = None,
    step: Annotated[str | None, Query(max_length=40)] = None,
) -> ExclusionFilter:
    return ExclusionFilter(reason, channel, step)


Wanted = Annotated[ExclusionFilter, Depends(narrowed)]


@router.get("")
def numbers(campaign: str, actor: SignedIn, nurture: TheNurture) -> ExclusionLog:
    """How many messages and members were left out, by reason, channel and step, in the order of the gate."""
    with read_only(nurture.sessions) as session:
        return exclusion_log(session, find_campaign(session, campaign).id, nurture.clock.now())


@router.get("/members")
def members(
    campaign: str,
    wanted: Wanted,
    actor: SignedIn,
    nurture: TheNurture,
    after: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ExcludedPage:
    """Who was left out, without contact details; a customer success manager reads of his own members alone."""
    with read_only(nurture.sessions) as session:
        found = find_campaign(session, campaign).id
        return excluded_members(session, found, wanted, actor=actor, after=after, limit=limit)


@router.get("/members.csv", response_class=StreamingResponse)
def members_as_csv(campaign: str, wanted: Wanted, actor: SignedIn, nurture: TheNurture) -> StreamingResponse:
    """The same as a file. The export is noted in the audit log."""
    with unit_of_work(nurture.sessions) as session:
        found = find_campaign(session, campaign).id
        record_export(session, found, wanted, actor=actor, now=nurture.clock.now())
    # Aside first: a slow reader must not hold a snapshot of the database open.
    aside = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed when it has been read
    aside.write(BOM_UTF8)  # by which spreadsheets know the names' characters
    with read_only(nurture.sessions) as session:
        for line in exclusion_lines(session, found, wanted, actor=actor):
            aside.write(line.encode())
    aside.seek(0)
    return StreamingResponse(
        _chunks(aside),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="exclusions-{found}.csv"'},
    )


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
