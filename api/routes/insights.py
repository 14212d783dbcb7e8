"""What was learned: the search over the knowledge base."""

from secrets import compare_digest
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field

from api.auth import NotSignedIn, SignedIn, TheNurture
from api.bodies import Body
from knowledge_base.port import InsightHit

router = APIRouter(prefix="/api", tags=["insights"])


class InsightQuery(Body):
    query: str = Field(min_length=1, max_length=500)
    limit: int = Field(default=5, ge=1, le=50)


@router.get("/insights")
def search_insights(
    actor: SignedIn,
    nurture: TheNurture,
    q: Annotated[str, Query(min_length=1, max_length=500)],
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> list[InsightHit]:
    """The lessons nearest in meaning, best first, each with its evidence and state."""
    return nurture.insight_index.search(q, limit)


@router.post("/internal/insights/search", include_in_schema=False)
def search_for_command_line(
    query: InsightQuery, request: Request, nurture: TheNurture, authorization: Annotated[str, Header()] = ""
) -> list[InsightHit]:
    """The same for a command on this machine: this process owns the vectors, the command asks it."""
    if not compare_digest(authorization, f"Bearer {request.app.state.internal_token}"):
        raise NotSignedIn("this address answers only commands that share the server's data folder")
    return nurture.insight_index.search(query.query, query.limit)
