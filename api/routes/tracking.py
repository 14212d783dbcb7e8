"""What the links in messages lead to. Members have no account: the signed link is all that is asked for.

A wrong link is answered like an old one, and no answer says anything about a member beyond what stood in
the message. Looking never changes a consent: only a post does, since scanners and previews only look.
"""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from api.auth import TheNurture
from api.bootstrap import Nurture
from api.opt_out_page import dead_link_page, opt_out_page, preview_page
from crm.channels import SENDABLE_CHANNELS, Channel
from crm.database import read_only, unit_of_work
from crm.errors import NotFound
from crm.outreach.engagement import click_target, note_visit
from crm.outreach.links import SAMPLE_ID, Purpose
from crm.outreach.links_in_text import in_ascii
from crm.outreach.models import MessageEventKind
from crm.outreach.opt_out import opt_out, opt_out_choices
from crm.outreach.rules import Visit

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b",
)
"""A transparent GIF of one by one."""
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
MAX_FORM_BYTES = 4096
ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""What a mail program posts (RFC 8058, section 3.1)."""
LOOKING = ["GET", "HEAD"]


@router.api_route("/t/o/{token}.gif", methods=LOOKING)
def open_pixel(token: str, request: Request, nurture: TheNurture) -> Response:
    """The pixel, whether or not the token is ours: a picture has no words to say that it is not."""
    read = nurture.links.read(token, Purpose.OPEN)
    if read is not None:
        _note(nurture, request, read.message_id, MessageEventKind.OPENED)
    return Response(PIXEL, media_type="image/gif", headers=HEADERS)


@router.api_route("/t/c/{token}", methods=LOOKING)
def click(token: str, request: Request, nurture: TheNurture) -> Response:
    """To the page that the text named, and to no other."""
    read = nurture.links.read(token, Purpose.CLICK)
    if read is None or read.link_id is None:
        return _dead_link()
    with read_only(nurture.sessions) as session:
        target = click_target(session, read.message_id, read.link_id)
    if target is None:
        return _dead_link()
    _note(nurture, request, read.message_id, MessageEventKind.CLICKED, read.link_id)
    return RedirectResponse(in_ascii(target), status_code=302, headers=HEADERS)


@router.api_route("/u/{token}", methods=LOOKING)
def show_opt_out(token: str, nurture: TheNurture) -> Response:
    read = nurture.links.read(token, Purpose.UNSUBSCRIBE)
    if read is None:
        return _dead_link()
    if read.message_id == SAMPLE_ID:
        return HTMLResponse(preview_page(), headers=HEADERS)
    try:
        with read_only(nurture.sessions) as session:
            page = opt_out_page(opt_out_choices(session, read.message_id))
    except NotFound:
        return _dead_link()
    return HTMLResponse(page, headers=HEADERS)


async def _posted(request: Request) -> dict[str, str]:
    """A small form's fields, in either encoding; nothing when it is large or cannot be read."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return {}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form = await Request(request.scope, receive).form(max_files=0, max_fields=8)
    except HTTPException:
        return {}
    return {name: value for name, value in form.items() if isinstance(value, str)}


@router.post("/u/{token}")
def do_opt_out(token: str, posted: Annotated[dict[str, str], Depends(_posted)], nurture: TheNurture) -> Response:
    """Withdraw at once; the answer comes after the commit. The same post again changes nothing more."""
    read = nurture.links.read(token, Purpose.UNSUBSCRIBE)
    if read is None:
        return _dead_link()
    if read.message_id == SAMPLE_ID:
        return HTMLResponse(preview_page(), headers=HEADERS)
    try:
        with read_only(nurture.sessions) as session:
            before = opt_out_choices(session, read.message_id)
        channels: tuple[Channel, ...]
        if posted.get("stop") == "all":
            channels = SENDABLE_CHANNELS
        elif posted.get("stop") == "channel" or posted.get(ONE_CLICK[0]) == ONE_CLICK[1]:
            channels = (before.channel,)
        else:
            return HTMLResponse(opt_out_page(before, first="unclear"), status_code=400, headers=HEADERS)
        with unit_of_work(nurture.sessions) as session:
            opt_out(session, read.message_id, channels, nurture.clock.now())
        with read_only(nurture.sessions) as session:
            after = opt_out_choices(session, read.message_id)
    except NotFound:
        return _dead_link()
    return HTMLResponse(opt_out_page(after, first="done"), headers=HEADERS)


def _dead_link() -> Response:
    return HTMLResponse(dead_link_page(), status_code=404, headers=HEADERS)


def _note(
    nurture: Nurture, request: Request, message_id: int, kind: MessageEventKind, link_id: int | None = None
) -> None:
    """Note the visit. A member gets his picture and his page even while the database is busy."""
    visit = Visit(
        at=nurture.clock.now(),
        user_agent=request.headers.get("user-agent", ""),
        is_head=request.method == "HEAD",
        is_prefetch=any(
            "prefetch" in request.headers.get(name, "").lower() for name in ("sec-purpose", "purpose", "x-moz")
        ),
    )
    try:
        with unit_of_work(nurture.sessions) as session:
            note_visit(session, message_id, kind, visit, link_id=link_id)
    except OperationalError as error:
        log.warning("visit.lost", message_id=message_id, kind=kind.value, error=type(error).__name__)
