"""Runs the engine, in the server or in a worker beside it: a schedule takes turns, a queue sends.

DBOS decides when and where something runs, never what is sent: that stands in our own ledger, whose leases run
out. So nothing waits for the workflow of a process that died (DBOS would resume it under the same name only): the
next turn, on whatever worker, finds what is left (decision 13).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig
from sqlalchemy import Engine, create_engine, event, exc

from api.bootstrap import Nurture
from crm.catalog import CATALOG
from crm.clock import SystemClock
from crm.database import BUSY_TIMEOUT_MS, read_only, unit_of_work
from crm.datasets.simulation_clock import advance_clock
from crm.errors import Unavailable
from crm.journeys.engine import TickResult, run_due
from crm.locks import Lock, exclusive_lock
from crm.outreach.dispatch import BATCH_SIZE, dispatch_due
from crm.outreach.due import count_due
from crm.outreach.sending import DispatchResult
from crm.workers import BEAT_SECONDS, list_workers, worker_seen, worker_started, worker_stopped
from crm.workspace import WORKSPACE_ID, Workspace

APPLICATION = "nurture"
APPLICATION_VERSION = "1"
"""Fixed: by default DBOS hashes the code, and leaves what a deployed version left behind lying about."""
JOBS_FILE = "jobs.sqlite"
SENDING = "nurture-sending"
POLL_SECONDS = 1.0
"""How long a sender waits in the queue at most. Each poll is three short reads."""
UNUSED_POLL_SECONDS = 2.0
"""Of what DBOS looks for and we never use, messages between workflows; a stop waits for it to wake up."""
SENDING_SECONDS = 30.0
"""How long one workflow sends before it looks at the clock anew: far less than a lease, which counts from there."""
STOP_SECONDS = 60.0
"""How long a stopping process waits for the batch, launch or turn under way."""
KEPT = timedelta(hours=1)
"""How long DBOS keeps what ended: nobody reads it, and a turn every five seconds makes 17,280 a day."""
ABANDONED = timedelta(days=1)
"""After this a workflow of a dead worker whose name nobody took over is struck off."""
TIDY_BEATS = 60
"""Every ten minutes."""

log = structlog.get_logger()


class EngineProcess:
    """The engine in this process. One at a time: DBOS keeps one instance in a process."""

    def __init__(self, nurture: Nurture, name: str) -> None:
        self._nurture = nurture
        self.name = name
        self._machine = SystemClock()
        self._stopping = threading.Event()
        self._under_way = 0
        self._idle = threading.Condition()
        self._beat = threading.Thread(target=self._beat_on, name="engine-beat", daemon=True)
        self._held = ExitStack()
        self._hold = Lock(is_mine=False)
        self.failed = threading.Event()
        """Set when another process has this one's name; it should end."""

    def start(self) -> None:
        """Take turns from now on. Raises Unavailable when another live process has the name."""
        if not self._takes_name():
            self._held.close()
            raise Unavailable(
                f"another process runs as {self.name!r} on this database; stop it, or give this one a name of its own"
            )
        with unit_of_work(self._nurture.sessions) as session:
            worker_started(session, self.name, self._machine.now())
        self._launch()
        self._beat.start()
        log.info("engine.started", worker=self.name)

    def _takes_name(self) -> bool:
        self._hold = self._held.enter_context(exclusive_lock(self._nurture.engine, f"engine-{self.name}"))
        return self._hold.is_mine

    def stop(self) -> None:
        """Begin nothing more, let the batch under way end, and let go of the name. A second stop does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        with self._idle:
            is_idle = self._idle.wait_for(lambda: self._under_way == 0, timeout=STOP_SECONDS)
        DBOS.destroy(destroy_registry=True)
        self._beat.join()
        if is_idle and not self.failed.is_set():
            with unit_of_work(self._nurture.sessions) as session:
                worker_stopped(session, self.name, self._machine.now())
        self._held.close()
        self._nurture.engine.dispose()
        log.info("engine.stopped", worker=self.name, in_order=is_idle)

    def _launch(self) -> None:
        settings = self._nurture.settings
        config = DBOSConfig(
            name=APPLICATION,
            application_version=APPLICATION_VERSION,
            executor_id=self.name,
            log_level="ERROR",
            sys_db_pool_size=4,
            notification_listener_polling_interval_sec=UNUSED_POLL_SECONDS,
        )
        if self._nurture.engine.dialect.name == "postgresql":
            config["system_database_url"] = settings.resolved_database_url
        else:
            config["system_database_engine"] = _scratch_engine(settings.home / JOBS_FILE)
        DBOS(config=config)

        @DBOS.workflow(name="turn")
        def turn(_scheduled_at: datetime, _context: Any) -> None:
            self._turn_alone()

        @DBOS.workflow(name="send")
        def send() -> None:
            self._send()

        self._send_workflow = send
        DBOS.launch()
        DBOS.register_queue(SENDING, worker_concurrency=1, polling_interval_sec=POLL_SECONDS)
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": "turn",
                    "workflow_fn": turn,
                    "schedule": settings.tick_cron,
                }
            ]
        )
        DBOS.start_workflow(turn, datetime.now(UTC), None)

    def _turn_alone(self) -> None:
        """One turn, unless one is under way here or elsewhere; a later one then finds what is left."""
        with self._work("turn") as goes_on, exclusive_lock(self._nurture.engine, "turn") as hold:
            if goes_on and hold.is_mine:
                self._turn()

    def _turn(self) -> None:
        nurture = self._nurture
        with read_only(nurture.sessions) as session:
            workspace = session.get(Workspace, WORKSPACE_ID)
        if workspace is None:
            return
        now = nurture.clock.now()
        if workspace.is_simulated:
            # Its members answer between two messages, so sending cannot be left to others.
            advance_clock(
                nurture.sessions, now, nurture.adapters, machine=self._machine, links=nurture.links, catalog=CATALOG
            )
            return
        began = time.monotonic()
        try:
            turned = run_due(nurture.sessions, now, {}, catalog=CATALOG, links=nurture.links, worker=self.name)
            self._tell(turned, seconds=time.monotonic() - began)
        finally:
            # Whatever keeps a part of the turn from being done, what is due is sent.
            self._call_senders(now)

    def _tell(self, turned: TickResult, *, seconds: float) -> None:
        for launch in turned.launches:
            if launch.is_launched:
                log.info("journey.launched", kind=launch.kind, id=launch.id)
        moved = {"entered": turned.walked.entered, "moved": turned.walked.moved, "completed": len(turned.completed)}
        # A turn in which nothing happened is counted, and not written down every few seconds.
        tell = log.info if turned.launches or any(moved.values()) else log.debug
        tell("engine.turned", worker=self.name, seconds=round(seconds, 4), **moved)

    def _call_senders(self, now: datetime) -> None:
        """Queue as many senders as there are batches due and workers alive; what waits in the queue counts."""
        with read_only(self._nurture.sessions) as session:
            alive = sum(worker.is_alive(self._machine.now()) for worker in list_workers(session))
            # This one is, however late its own sign of life.
            due = count_due(session, now, most=max(alive, 1) * BATCH_SIZE)
        wanted = -(-due // BATCH_SIZE)
        if wanted:
            queued = DBOS.list_queued_workflows(queue_name=SENDING, status="ENQUEUED", load_input=False)
            for _ in range(wanted - len(queued)):
                DBOS.enqueue_workflow(SENDING, self._send_workflow)

    def _send(self) -> None:
        """Send until nothing is due, however many others do the same."""
        with self._work("send") as goes_on:
            while goes_on and not self._stopping.is_set():
                done = dispatch_due(
                    self._nurture.sessions,
                    self._nurture.adapters,
                    now=self._nurture.clock.now(),
                    worker=self.name,
                    links=self._nurture.links,
                    wait=self._stopping.wait,
                    goes_on=self._goes_on_for(SENDING_SECONDS),
                )
                if done == DispatchResult():
                    return

    def _goes_on_for(self, seconds: float) -> Callable[[], bool]:
        ends_at = time.monotonic() + seconds
        return lambda: not self._stopping.is_set() and time.monotonic() < ends_at

    @contextmanager
    def _work(self, what: str) -> Iterator[bool]:
        """Count what is under way, so that a stop can wait for it; False when there is to be nothing more.

        A busy or lost database is met again at the next turn. Anything else is logged, and fails this workflow.
        """
        with self._idle:
            self._under_way += 1
        try:
            yield not self._stopping.is_set()
        except exc.OperationalError as error:
            log.warning("engine.postponed", what=what, worker=self.name, error=type(error).__name__)
        except Exception:
            log.exception("engine.crashed", what=what, worker=self.name)
            raise
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def _beat_on(self) -> None:
        beats = 0
        while not self._stopping.wait(BEAT_SECONDS):
            beats += 1
            try:
                self._hold.check()
                with unit_of_work(self._nurture.sessions) as session:
                    worker_seen(session, self.name, self._machine.now())
                if beats % TIDY_BEATS == 0:
                    tidy(self._machine.now())
            except exc.OperationalError as error:
                log.warning("engine.beat_missed", worker=self.name, error=type(error).__name__)
                if not self._keeps_name():
                    self.failed.set()
                    return

    def _keeps_name(self) -> bool:
        """After the database was away: whether the name is still, or again, ours. While it is away, nobody's."""
        try:
            self._hold.check()
        except exc.OperationalError:
            self._held.close()
        else:
            return True
        try:
            is_mine = self._takes_name()
        except exc.OperationalError:
            return True
        if not is_mine:
            log.error("engine.name_lost", worker=self.name)
        return is_mine


def _scratch_engine(path: Path) -> Engine:
    """A file for the schedules and queues of one process, new at each start: nothing in it is worth keeping.

    So it need not survive a power cut, which saves more than half of its disk writes (decision 13).
    """
    for leftover in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
        leftover.unlink(missing_ok=True)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def tidy(now: datetime) -> None:
    """Strike off what ended a while ago, and what dead workers left behind; nothing depends on either."""
    abandoned = DBOS.list_workflows(
        status="PENDING", end_time=(now - ABANDONED).isoformat(), load_input=False, load_output=False, limit=1000
    )
    if abandoned:
        DBOS.cancel_workflows([workflow.workflow_id for workflow in abandoned])
    while ended := DBOS.list_workflows(
        status=["SUCCESS", "ERROR", "CANCELLED"],
        end_time=(now - KEPT).isoformat(),
        load_input=False,
        load_output=False,
        limit=1000,
    ):
        DBOS.delete_workflows([workflow.workflow_id for workflow in ended])
