"""A batch on its way to a provider: in a thread of its own, so that nobody holds a lock while the provider thinks.

The transaction that checked consent lets calls begin one after the other, for a moment only. Then the gate closes: what
has not begun goes back, and the one call that may be under way is waited for without any lock (decision 16).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from threading import Event, Lock, Thread

from sqlalchemy.orm import Session

from crm.outreach.channels.adapter import ChannelAdapter, Outcome, OutgoingMessage, SendResult, gate_for_calls

LOCKED_SECONDS = 0.3
"""How long calls may begin under the lock: a fast provider takes a whole batch meanwhile, a slow one begins one."""
LONGEST_ANSWER_SECONDS = 120.0
"""How long an answer is waited for, whatever time-out an adapter has: well within the lease."""


class HandOver:
    """One batch in the hands of one adapter."""

    def __init__(self, adapter: ChannelAdapter, session: Session, batch: Sequence[OutgoingMessage], now: datetime):
        self._send = partial(adapter.send, session, batch, now)
        self._places = {message.idempotency_key: place for place, message in enumerate(batch)}
        self.batch = batch
        self.results: dict[str, SendResult] = {}
        self.error: BaseException | None = None
        """What ended the calls before the batch was through; whatever was not answered by then got no answer."""
        self.late: OutgoingMessage | None = None
        """The message whose call had begun, and had no answer yet, when the gate closed."""
        self.not_begun: Sequence[OutgoingMessage] = ()
        """Those whose call never begins."""
        self._next = 0
        self._is_through = False
        self._gate = Lock()
        self._is_open, self._is_calling = True, False
        self._ended = Event()

    def here(self) -> None:
        """Make every call in this thread: for what is stored in the caller's own transaction."""
        self._make_calls()
        self._is_open = False

    def begin(self, seconds: float) -> None:
        """Let calls begin for so long; afterwards none begins any more, and one may still be under way."""
        Thread(target=self._make_calls_apart, name="hand-over", daemon=True).start()
        self._ended.wait(seconds)
        with self._gate:
            self._is_open = False
            if self._is_calling and self._next < len(self.batch):
                self.late = self.batch[self._next]
            if not self._is_through:
                self.not_begun = self.batch[self._next + self._is_calling :]

    def doubt_unanswered(self) -> None:
        """After a crash of the adapter: the message that it was at may have been sent, those behind it were not."""
        outcome = Outcome.IN_DOUBT
        for message in self.batch:
            if message.idempotency_key not in self.results:
                self.results[message.idempotency_key] = SendResult(message.idempotency_key, outcome)
                outcome = Outcome.NOT_TRIED

    def wait(self) -> None:
        """Until the call under way is answered or given up."""
        self._ended.wait(LONGEST_ANSWER_SECONDS)

    def _make_calls_apart(self) -> None:
        gate_for_calls.set(self._may_begin)
        self._make_calls()

    def _make_calls(self) -> None:
        calls: Iterator[SendResult] = iter(())
        try:
            calls = self._send()
            while self._enter():
                result = next(calls, None)
                if result is None:
                    self._is_through = True
                    break
                self._answered(result)
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            with self._gate:
                self.error, self._is_through = error, True
        finally:
            with self._gate:
                self._is_calling = False
            _hang_up(calls)
            self._ended.set()

    def _enter(self) -> bool:
        with self._gate:
            self._is_calling = self._is_open
            return self._is_open

    def _may_begin(self) -> bool:
        with self._gate:
            return self._is_open

    def _answered(self, result: SendResult) -> None:
        with self._gate:
            self.results[result.idempotency_key] = result
            self._next = self._places[result.idempotency_key] + 1
            self._is_calling = False


def _hang_up(calls: Iterator[SendResult]) -> None:
    close = getattr(calls, "close", None)
    if close is not None:
        close()
