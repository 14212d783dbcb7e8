"""Reads orders from lines of JSON. A line that is none costs that line: it is given back with a sentence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crm import validation_messages
from crm.activity.ingest import OrderBatch
from crm.errors import InvalidRequest
from crm.reading.amounts import read_cents
from crm.reading.moments import DateOrder, read_moment
from crm.reading.text_files import Line

MAX_LINES = 1_000
MAX_QUANTITY = 1_000_000
_Key = Field(min_length=1, max_length=200)


class _LineOfFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    product: str = _Key
    quantity: int = Field(default=1, ge=1, le=MAX_QUANTITY)
    amount: Any
    discount: Any = 0


class _OrderOfFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    order: str = _Key
    member: str = _Key
    ordered_at: Any
    lines: tuple[_LineOfFile, ...] = Field(min_length=1, max_length=MAX_LINES)


@dataclass(frozen=True)
class WrongLine:
    number: int
    sentence: str


@dataclass(frozen=True)
class ReadOrders:
    batch: OrderBatch
    numbers: Sequence[int]
    """The line of each order of the batch."""
    wrong: Sequence[WrongLine]


@dataclass(frozen=True)
class _Order:
    number: int
    key: str
    member: str
    ordered_at: datetime
    lines: Sequence[tuple[str, int, int, int]]
    """Product, quantity, amount and discount in cents."""


def read_orders(lines: Sequence[Line], zone: ZoneInfo, date_order: DateOrder | None = None) -> ReadOrders:
    """The orders of some lines, and a sentence for each line that is none."""
    read: list[_Order] = []
    wrong: list[WrongLine] = []
    for line in lines:
        try:
            read.append(_read(line, zone, date_order))
        except InvalidRequest as error:
            wrong.append(WrongLine(line.number, error.message))
    return ReadOrders(_batch(read), [order.number for order in read], wrong)


def _read(line: Line, zone: ZoneInfo, date_order: DateOrder | None) -> _Order:
    found = _parsed(line)
    try:
        order = _OrderOfFile.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{place + ': ' if place else ''}{validation_messages.in_words(first)}") from None
    if any("\x00" in key for key in (order.order, order.member, *(each.product for each in order.lines))):
        raise InvalidRequest("a key holds a character that no database can store")
    try:
        ordered_at = read_moment(order.ordered_at, zone, date_order)
    except InvalidRequest as error:
        raise InvalidRequest(f"ordered_at: {error.message}") from None
    return _Order(line.number, order.order, order.member, ordered_at, [_line(each) for each in order.lines])


def _line(line: _LineOfFile) -> tuple[str, int, int, int]:
    discount = read_cents(line.discount, what="discount")
    return line.product, line.quantity, read_cents(line.amount), discount


def _parsed(line: Line) -> Any:
    """The JSON of a line, its decimals as they are written."""
    if line.text is None:
        raise InvalidRequest("the line is not in the encoding of the file, or longer than a line may be")
    try:
        return json.loads(line.text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"Invalid JSON: {error.msg} at column {error.colno}; one order stands on each line"
        ) from None
    except (ValueError, RecursionError, ArithmeticError):
        raise InvalidRequest("Invalid JSON: a number is too long or the values lie too deep") from None


def _batch(read: Sequence[_Order]) -> OrderBatch:
    in_lines = [(position, *line) for position, order in enumerate(read) for line in order.lines]
    return OrderBatch(
        external_refs=[order.key for order in read],
        member_refs=[order.member for order in read],
        ordered_at=[int(order.ordered_at.timestamp()) for order in read],
        line_positions=[line[0] for line in in_lines],
        product_refs=[line[1] for line in in_lines],
        quantities=[line[2] for line in in_lines],
        amounts_cents=[line[3] for line in in_lines],
        discounts_cents=[line[4] for line in in_lines],
    )
