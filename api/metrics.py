"""What is counted of a running process, for Prometheus: every figure comes from a structured event or from SQL.

An event is logged where the thing happens; `COUNTED` says what of it is counted. So whatever the log tells and
what `/metrics` counts are one and the same. Gauges are asked of the database when somebody looks.
"""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from crm.access.models import Approval, ApprovalState
from crm.clock import Clock
from crm.database import Sessions, read_only
from crm.outreach.models import MAY_BE_DUE, Journey, JourneyState, Message
from crm.workers import list_workers

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
"""From a read of one row to the patience with a language model's first word."""


@dataclass(frozen=True)
class Counted:
    """One metric that lines of an event feed."""

    metric: str
    """Without `nurture_` before it; a counter gets `_total` behind it."""
    help: str
    labels: tuple[str, ...] = ()
    """Fields of the event that tell its series apart; one that an event lacks is empty."""
    amount: str | None = None
    """The field that is added up, or whose seconds are put into a histogram; None counts the lines."""
    is_duration: bool = False
    fixed: tuple[tuple[str, str], ...] = ()
    """Labels that this entry gives itself."""


COUNTED: Mapping[str, Sequence[Counted]] = {
    "engine.turned": (
        Counted("engine_turns", "Turns that the engine took.", ("worker",)),
        Counted("engine_turn_seconds", "How long turns took.", amount="seconds", is_duration=True),
    ),
    "engine.crashed": (Counted("engine_crashes", "Turns and senders that ended with a fault of ours.", ("what",)),),
    "engine.postponed": (Counted("engine_postponed", "Turns put off because the database was busy.", ("what",)),),
    "journey.launched": (Counted("launches", "Campaigns and journeys that the engine started."),),
    "row.held": (Counted("holds", "What the engine held back with a new reason.", ("kind",)),),
    "batch.sent": (
        Counted("batches", "Batches of messages that were handed over.", ("channel",)),
        Counted("batch_seconds", "How long a batch took.", ("channel",), amount="seconds", is_duration=True),
        *(
            Counted(
                "messages",
                "Messages that were handed over, by what became of them.",
                ("channel", "outcome"),
                amount=outcome,
                fixed=(("outcome", outcome),),
            )
            for outcome in ("delivered", "sent", "failed", "unknown", "deferred")
        ),
    ),
    "messages.excluded": (
        Counted("exclusions", "Messages that the gate left out.", ("channel", "reason"), amount="count"),
    ),
    "tool.finished": (
        Counted("tool_calls", "Calls of the assistant's tools.", ("tool", "effect", "status")),
        Counted("tool_seconds", "How long tools ran.", ("tool",), amount="seconds", is_duration=True),
    ),
    "model.answered": (
        Counted("model_calls", "Calls of the model.", ("model", "outcome")),
        Counted("model_seconds", "How long the model took.", ("model",), amount="seconds", is_duration=True),
        Counted("model_input_tokens", "Tokens that were read.", ("model",), amount="input_tokens"),
        Counted("model_output_tokens", "Tokens that were written.", ("model",), amount="output_tokens"),
    ),
    "request.answered": (
        Counted("http_requests", "Requests that were answered.", ("method", "route", "status")),
        Counted("http_seconds", "How long answers took.", ("route",), amount="seconds", is_duration=True),
    ),
}


class Metrics:
    """The counts of one process. As a step of structlog it counts each event on its way to the log."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._series: dict[str, Counter | Histogram] = {}
        for counted in (each for several in COUNTED.values() for each in several):
            if counted.metric not in self._series:
                self._series[counted.metric] = self._made(counted)

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for counted in COUNTED.get(str(event.get("event")), ()):
            amount = 1.0 if counted.amount is None else float(event.get(counted.amount) or 0)
            series = self._series[counted.metric]
            told = {**event, **dict(counted.fixed)}
            labels = [str(told.get(label, "")) for label in counted.labels]
            labelled = series.labels(*labels) if labels else series
            if isinstance(labelled, Histogram):
                labelled.observe(amount)
            else:
                labelled.inc(amount)
        return event

    def to_text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)

    def _made(self, counted: Counted) -> Counter | Histogram:
        name = f"nurture_{counted.metric}"
        if counted.is_duration:
            return Histogram(name, counted.help, counted.labels, buckets=SECONDS, registry=self.registry)
        return Counter(name, counted.help, counted.labels, registry=self.registry)


class DatabaseGauges(Collector):
    """How much waits, asked of the database at each look; counts only, never a member."""

    def __init__(self, sessions: Sessions, machine: Clock) -> None:
        self._sessions = sessions
        self._machine = machine

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when the collector is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        waiting = GaugeMetricFamily("nurture_messages_waiting", "Messages not handed over yet.", labels=["channel"])
        journeys = GaugeMetricFamily("nurture_journeys", "Journeys and campaigns by state.", labels=["state"])
        approvals = GaugeMetricFamily("nurture_approvals_pending", "Requests that wait for a manager.")
        workers = GaugeMetricFamily("nurture_workers", "Processes that run the engine, by state.", labels=["state"])
        with read_only(self._sessions) as session:
            for channel, count in session.execute(
                select(Message.channel, func.count()).where(MAY_BE_DUE).group_by(Message.channel)
            ):
                waiting.add_metric([channel.value], count)
            rows = session.execute(select(Journey.state, func.count().label("journeys")).group_by(Journey.state))
            by_state = {row.state: row.journeys for row in rows}
            for state in JourneyState:
                journeys.add_metric([state.value], by_state.get(state, 0))
            pending = select(func.count()).where(Approval.state == ApprovalState.PENDING)
            approvals.add_metric([], session.scalar(pending) or 0)
            now = self._machine.now()
            states = [worker.state_at(now) for worker in list_workers(session)]
        for name in ("running", "stopped", "silent"):
            workers.add_metric([name], states.count(name))
        yield from (waiting, journeys, approvals, workers)
