"""Delivery receipts: a gateway's word on what became of a message it took."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.auth import NotSignedIn, TheNurture
from crm import validation_messages
from crm.database import unit_of_work
from crm.errors import InvalidRequest
from crm.outreach.channels.webhook import WebhookAdapter
from crm.outreach.models import MessageState
from crm.outreach.receipts import take_complaint, take_receipt

router = APIRouter(prefix="/api", tags=["receipts"])

LONGEST_BODY = 10_000


class Receipt(BaseModel):
    # Gateways may say more than we ask.
    model_config = ConfigDict(extra="ignore", frozen=True)

    idempotency_key: str = Field(max_length=80)
    status: Literal["delivered", "failed", "complained"]
    """`complained`: the member called it spam; nothing more is sent to this address."""
    reason: str | None = Field(default=None, max_length=200)
    is_permanent: bool = False
    """Of a failure: the address does not exist; nothing more is sent there, whoever has it."""


class Taken(BaseModel):
    idempotency_key: str
    state: MessageState
    is_new: bool
    """False when the message was known to stand there already."""


async def body_of(request: Request) -> bytes:
    """The bytes as they came: they are what is signed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise InvalidRequest(f"a receipt has at most {LONGEST_BODY} bytes", path="body")
    return bytes(body)


@router.post(
    "/receipts",
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": Receipt.model_json_schema()}}}
    },
)
def receive(
    body: Annotated[bytes, Depends(body_of)],
    nurture: TheNurture,
    nurture_timestamp: Annotated[str, Header()] = "",
    nurture_signature: Annotated[str, Header()] = "",
) -> Taken:
    """Note that a message arrived, or did not. Signed as the messages are (docs/integrators.md)."""
    channels = [
        channel
        for channel, adapter in nurture.adapters.items()
        if isinstance(adapter, WebhookAdapter)
        and adapter.has_signed(timestamp=nurture_timestamp, signature=nurture_signature, body=body)
    ]
    if not channels:
        raise NotSignedIn(
            "no gateway of this server signed this within the last five minutes; "
            "send Nurture-Timestamp and Nurture-Signature over the body as it stands"
        )
    try:
        receipt = Receipt.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"]) or "body"
        raise InvalidRequest(f"{path}: {validation_messages.in_words(first)}", path=path) from error
    with unit_of_work(nurture.sessions) as session:
        now = nurture.clock.now()
        if receipt.status == "complained":
            taken = take_complaint(session, receipt.idempotency_key, channels=channels, at=now)
        else:
            taken = take_receipt(
                session,
                receipt.idempotency_key,
                is_delivered=receipt.status == "delivered",
                reason=receipt.reason,
                channels=channels,
                at=now,
                is_permanent=receipt.is_permanent,
            )
    return Taken(idempotency_key=receipt.idempotency_key, state=taken.state, is_new=taken.is_new)
