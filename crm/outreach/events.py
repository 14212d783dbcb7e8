"""How members answer messages; prefetches and scanners are none of them."""

from typing import cast

from sqlalchemy import Table

from crm.events import Event, EventRows
from crm.outreach.models import LEDGER, MessageEvent, MessageEventKind
from crm.words import Text

_ANSWER = cast(Table, MessageEvent.__table__)


def _answer(kind: MessageEventKind, label: str, words: Text) -> Event:
    rows = EventRows(
        _ANSWER.join(LEDGER, LEDGER.c.id == _ANSWER.c.message_id),
        _ANSWER.c.id,
        _ANSWER.c.member_id,
        _ANSWER.c.occurred_at,
        (_ANSWER.c.kind == kind, _ANSWER.c.by_machine.is_(False)),
        enrolment_id=LEDGER.c.enrolment_id,
        step_key=LEDGER.c.step_key,
    )
    return Event(name=kind.value, label=label, words=words, rows=rows)


EVENTS = (
    _answer(MessageEventKind.OPENED, "Opened a message", Text("opens a message", "打开消息")),
    _answer(MessageEventKind.CLICKED, "Clicked a link", Text("clicks a link", "点击链接")),
    _answer(MessageEventKind.UNSUBSCRIBED, "Opted out", Text("opts out", "退订")),
)
