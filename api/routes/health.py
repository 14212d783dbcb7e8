"""Is the process alive, and can it serve?"""

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.health import Readiness
from api.problems import problem

router = APIRouter(tags=["health"])


ASIDE = CapacityLimiter(2)
"""Threads of its own: whether the server is ready is asked above all when every other one is taken."""


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """In the event loop itself, so that it says whether that goes round."""
    return {"status": "ok"}


@router.get("/readyz", response_model=None)
async def ready(request: Request) -> JSONResponse:
    readiness: Readiness = request.app.state.readiness
    trouble = await to_thread.run_sync(readiness.why_not, limiter=ASIDE)
    return JSONResponse({"status": "ready"}) if trouble is None else problem(503, "not_ready", trouble)
