"""Errors as problem+json (RFC 9457): the one place where a domain error becomes an HTTP status."""

from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.auth import NotSignedIn
from crm import wrong_values
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

MEDIA_TYPE = "application/problem+json"
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
}


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    body = {"type": f"urn:nurture:{code}", "title": code.replace("_", " "), "status": status, "detail": detail}
    return JSONResponse(body | more, status_code=status, media_type=MEDIA_TYPE)


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(CrmError, _crm_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)


def _crm_error(_request: Request, error: Exception) -> JSONResponse:
    error = cast(CrmError, error)
    more: dict[str, Any] = {"candidates": list(error.candidates)} if error.candidates else {}
    if error.path:
        more["path"] = error.path
    answer = problem(_status(error), error.code, error.message, **more)
    if isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(error.wait_seconds)
    return answer


def _status(error: CrmError) -> int:
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 400)


def _bad_request(_request: Request, error: Exception) -> JSONResponse:
    error = cast(RequestValidationError, error)
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    return problem(422, InvalidRequest.code, f"{path}: {wrong_values.in_words(first)}", path=path)


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses before any of our code runs."""
    error = cast(HTTPException, error)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        return problem(error.status_code, InvalidRequest.code, "the body is not JSON that can be read", path="body")
    phrase = HTTPStatus(error.status_code).phrase.lower()
    return problem(error.status_code, phrase.replace(" ", "_"), phrase)
