"""What no other route of the API answers: said in its own form, where the pages would show a page."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

router = APIRouter(include_in_schema=False)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@router.api_route("/api/{rest:path}", methods=METHODS)
def nothing(request: Request) -> None:
    """405 where another method would be answered, else 404."""
    routes: list[BaseRoute] = request.app.router.routes
    is_known = any(route.matches(dict(request.scope))[0] is Match.PARTIAL for route in routes)
    raise HTTPException(405 if is_known else 404)
