"""Errors as problem+json (RFC 9457): the one place where an error becomes an HTTP status."""

from http import HTTPStatus
from typing import Any, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import NotSignedIn
from crm import validation_messages
from crm.errors import (
    Ambiguous,
    Cancelled,
    Conflict,
    CrmError,
    Forbidden,
    InvalidRequest,
    NotFound,
    TimedOut,
    TooManyAttempts,
    Unavailable,
)
from crm.trouble import Fault, explain

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2
"""After which somebody who was turned away may ask again."""
_STATUS: dict[type[CrmError], int] = {
    InvalidRequest: 422,
    Ambiguous: 409,
    Conflict: 409,
    Forbidden: 403,
    NotFound: 404,
    Unavailable: 503,
    TimedOut: 503,
    TooManyAttempts: 429,
    Cancelled: 499,  # nginx's "client closed request": only logs read it, the client is gone
    NotSignedIn: 401,
    Fault: 500,
}


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    body = {"type": f"urn:nurture:{code}", "title": code.replace("_", " "), "status": status, "detail": detail}
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse(body | more, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problem_of(error: CrmError) -> JSONResponse:
    more: dict[str, Any] = {"candidates": list(error.candidates)} if error.candidates else {}
    if error.path:
        more["path"] = error.path
    if isinstance(error, Fault):
        more["fault"] = error.number
    answer = problem(_status(error), error.code, error.message, **more)
    if isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(error.wait_seconds)
    return answer


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(CrmError, _crm_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)


class Faults:
    """Turns what no handler knows into an answer: 503 for what passes, 500 with a number for a bug.

    Plain ASGI within the application's own middleware: the framework's place for this lies outside of all of them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, _in_a_socket(send))
            return
        has_begun = is_over = False

        async def noted(message: Message) -> None:
            nonlocal has_begun, is_over
            has_begun = True
            is_over = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except ClientDisconnect:
            # Whoever hangs up in the middle of a body is no bug of ours, and nobody is left to be told.
            log.info("request.broken_off", method=scope["method"])
        except Exception as error:  # noqa: BLE001 - the edge at which a bug is logged, once
            told = explain(error, "request.failed", method=scope["method"], route=_route_of(scope))
            if not has_begun:
                await problem_of(told)(scope, receive, send)
            elif not is_over:
                # Too late for words: the server closes a stream that ends in the middle.
                raise BrokenAnswer from None


class BrokenAnswer(Exception):
    """A stream broke off after its beginning; what happened stands in the log already."""


def _in_a_socket(send: Send) -> Send:
    """Refuses the socket where something below answers it like a request, as the pages' library does for a path that
    it does not know."""
    is_refused = False

    async def send_or_refuse(message: Message) -> None:
        nonlocal is_refused
        if not message["type"].startswith("http.response."):
            await send(message)
        elif not is_refused:
            is_refused = True
            await send({"type": "websocket.close", "code": 1008})

    return send_or_refuse


def _route_of(scope: Scope) -> str:
    """The pattern of the route, never the path: paths hold members' names."""
    return str(getattr(scope.get("route"), "path", ""))


def _crm_error(_request: Request, error: Exception) -> JSONResponse:
    return problem_of(cast(CrmError, error))


def _status(error: CrmError) -> int:
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 400)


def _bad_request(_request: Request, error: Exception) -> JSONResponse:
    error = cast(RequestValidationError, error)
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    return problem(422, InvalidRequest.code, f"{path}: {validation_messages.in_words(first)}", path=path)


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses before any of our code runs."""
    error = cast(HTTPException, error)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem(error.status_code, InvalidRequest.code, "the body is not JSON that can be read", path="body")
    phrase = HTTPStatus(error.status_code).phrase.lower()
    answer = problem(error.status_code, phrase.replace(" ", "_"), phrase)
    answer.headers.update(error.headers or {})
    return answer
