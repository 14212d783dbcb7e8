"""Is the process alive, and can it serve?"""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth import TheNurture
from api.health import is_ready
from api.problems import problem

router = APIRouter(tags=["health"])


@router.get("/healthz")
def alive() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", response_model=None)
def ready(nurture: TheNurture) -> JSONResponse:
    if not is_ready(nurture):
        return problem(503, "not_ready", "the database has another schema than this code needs; restart the server")
    return JSONResponse({"status": "ready"})
