"""The engine in processes of its own: several at once, one killed, one stopped in order, one rate for all."""

import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from dbos import DBOS
from sqlalchemy import func, select, text, update

from api.bootstrap import bootstrap
from api.worker import EngineProcess, tidy
from crm.access.policy import set_policy
from crm.clock import SystemClock
from crm.database import Sessions, open_engine, open_sessions, unit_of_work
from crm.outreach.models import Journey, Message, MessageState
from crm.outreach.priority import Priority
from crm.outreach.rules import LEASE
from crm.settings import Settings
from crm.workers import Worker
from crm.workspace import Workspace
from tests.api.conftest import environment, free_port, nurture_command, serving
from tests.api.test_metrics import read, value
from tests.builders import make_member
from tests.databases import PostgresServer
from tests.gateway import SECRET, GatewayServer, gateway
from tests.journeys import journey_spec, launch, send_step

PATIENCE_SECONDS = 120.0
MEMBERS = 400


@dataclass
class Site:
    """A database in real time, a gateway for push messages, and the processes that a test starts."""

    url: str
    home: Path
    sessions: Sessions
    provider: GatewayServer
    settings: dict[str, str] = field(default_factory=dict)
    processes: list["subprocess.Popen[str]"] = field(default_factory=list)

    def environment(self) -> Mapping[str, str]:
        gateway_url = f"webhook+http://:{quote(SECRET)}@127.0.0.1:{self.provider.port}/push#keys=honoured&receipts=no"
        ours = {
            "DATABASE_URL": self.url,
            "NURTURE_CHANNEL_PUSH": gateway_url,
            "NURTURE_PUBLIC_URL": "https://post.example.com",
            "NURTURE_TICK_SECONDS": "1",
        }
        return environment(self.home) | ours | self.settings

    def start(self, name: str, *more: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            nurture_command("worker", "--name", name, *more), env=self.environment(), stderr=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(timeout=20)
            if process.stderr:
                process.stderr.close()

    def states(self) -> Counter[MessageState]:
        with unit_of_work(self.sessions) as session:
            return Counter(session.scalars(select(Message.state)))

    def running(self) -> set[str]:
        with unit_of_work(self.sessions) as session:
            return set(session.scalars(select(Worker.name)))


def real_time_world(sessions: Sessions, *, members: int) -> None:
    """Members who are to get a push message now, whatever the hour is."""
    with unit_of_work(sessions) as session:
        session.add(Workspace(id=1, name="Club", dataset="own", zone_name="UTC", currency="EUR"))
        for end in ("quiet_hours_start", "quiet_hours_end"):
            set_policy(session, end, "00:00")
        for _ in range(members):
            make_member(session)
        launch(session, journey_spec(send_step("main", "push")), SystemClock().now())


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


@pytest.fixture
def site(postgres: PostgresServer, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres.new_database())
        provider = stack.enter_context(gateway())
        engine = open_engine(url)
        stack.callback(engine.dispose)
        found = Site(url, tmp_path / "home", open_sessions(engine), provider)
        stack.callback(found.end)
        yield found


def test_a_killed_worker_leaves_its_work_to_the_others_and_nobody_hears_twice(site: Site) -> None:
    real_time_world(site.sessions, members=MEMBERS)
    site.provider.usual_seconds = 0.01
    with serving(site.home, site.environment()):
        first, port = site.start("worker-1"), free_port()
        site.start("worker-2", "--metrics-port", str(port))
        wait_until(lambda: site.running() == {"worker-1", "worker-2"}, "both workers run")
        wait_until(lambda: len(site.provider.sent) >= MEMBERS // 4, "a quarter is out")
        first.kill()
        wait_until(lambda: set(site.states()) <= {MessageState.DELIVERED, MessageState.CLAIMED}, "the rest is sent")
        # Five minutes later: the leases of the dead worker have run out.
        with unit_of_work(site.sessions) as session:
            held = update(Message).where(Message.state == MessageState.CLAIMED)
            session.execute(held.values(lease_until=SystemClock().now() - LEASE))
        wait_until(lambda: site.states() == {MessageState.DELIVERED: MEMBERS}, "what it held is sent")
        told = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    assert len(site.provider.sent) == len(set(site.provider.sent)) == MEMBERS
    # What the second worker counts is no more than was sent, and no less than what the first one left.
    counted = value(read(told), "nurture_messages_total", channel="push", outcome="delivered")
    assert 0 < counted <= MEMBERS


def test_a_second_worker_of_one_name_is_refused_and_a_killed_one_starts_again(site: Site) -> None:
    real_time_world(site.sessions, members=0)
    first = site.start("worker-1")
    wait_until(lambda: site.running() == {"worker-1"}, "it runs")
    second = subprocess.run(
        nurture_command("worker", "--name", "worker-1"),
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "another process runs as 'worker-1'" in second.stderr
    first.kill()
    first.wait(timeout=20)
    with unit_of_work(site.sessions) as session:
        before = session.get_one(Worker, "worker-1").pid
    site.start("worker-1")

    def is_back() -> bool:
        with unit_of_work(site.sessions) as session:
            return session.get_one(Worker, "worker-1").pid != before

    wait_until(is_back, "its name is free again")


def test_a_worker_that_is_told_to_stop_ends_its_batch_and_no_more(site: Site) -> None:
    real_time_world(site.sessions, members=MEMBERS)
    site.provider.usual_seconds = 0.01
    worker = site.start("worker-1")
    wait_until(lambda: len(site.provider.sent) >= 20, "it sends")
    worker.terminate()
    assert worker.wait(timeout=20) == 0
    states = site.states()
    assert set(states) == {MessageState.DELIVERED, MessageState.PLANNED}
    assert states[MessageState.DELIVERED] == len(site.provider.sent) <= 200
    with unit_of_work(site.sessions) as session:
        assert session.get_one(Worker, "worker-1").stopped_at is not None


NEWER_KEY = "colour_of_a_newer_version"


def upgrade_to_a_newer_version(site: Site) -> None:
    """What a version of tomorrow does: it adds to the schema, and stores a journey that today's cannot read."""
    with unit_of_work(site.sessions) as session:
        session.execute(text("CREATE TABLE colours (id INTEGER PRIMARY KEY)"))
        session.execute(text("ALTER TABLE messages ADD COLUMN colour TEXT"))
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        for name in ("Newer", "Later"):
            spec = journey_spec(send_step("main", "push"), name=name, experiment=name, priority=Priority.SERVICE)
            stored = launch(session, spec, SystemClock().now())
            if name == "Newer":
                stored.spec = stored.spec | {NEWER_KEY: "green"}


def test_a_worker_goes_on_while_a_newer_version_upgrades_the_database(site: Site) -> None:
    real_time_world(site.sessions, members=60)
    site.provider.usual_seconds = 0.03
    worker = site.start("worker-1")
    wait_until(lambda: len(site.provider.sent) >= 10, "it sends")
    upgrade_to_a_newer_version(site)

    def stand() -> dict[str, tuple[Counter[MessageState], str | None]]:
        with unit_of_work(site.sessions) as session:
            rows = session.execute(select(Journey.name, Journey.note, Message.state).join(Message)).all()
        return {name: (Counter(row.state for row in rows if row.name == name), note) for name, note, _ in rows}

    wait_until(lambda: site.states()[MessageState.DELIVERED] == 120, "what it can read is sent")
    wait_until(lambda: stand()["Newer"][1] is not None, "the other one is held")
    found = stand()
    assert found["Test journey"] == found["Later"] == (Counter({MessageState.DELIVERED: 60}), None)
    states, why = found["Newer"]
    assert states == {MessageState.PLANNED: 60}, "the newer version sends them"
    assert why is not None
    assert why.startswith("It cannot go on")
    assert why.endswith("colour of a newer version is not known here")
    assert worker.poll() is None
    late = subprocess.run(
        nurture_command("worker", "--name", "worker-2"),
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert late.returncode == 1
    assert "migrated by a newer version of Nurture (revision 9999)" in late.stderr


def test_two_workers_together_keep_the_rate_of_a_channel(site: Site) -> None:
    real_time_world(site.sessions, members=60)
    site.settings["NURTURE_RATE_PUSH"] = "20"
    for name in ("worker-1", "worker-2"):
        site.start(name)
    wait_until(lambda: site.states() == {MessageState.DELIVERED: 60}, "all is sent")
    moments = sorted(site.provider.arrived_at)
    assert len(moments) == 60
    fewest = min(later - earlier for earlier, later in zip(moments, moments[20:], strict=False))
    assert fewest >= 1.0, f"21 messages within {fewest:.3f} s"


def test_the_server_alone_runs_the_engine_on_sqlite(empty_database: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "nurture.sqlite").write_bytes(empty_database.read_bytes())
    engine = open_engine(f"sqlite:///{home / 'nurture.sqlite'}")
    sessions = open_sessions(engine)
    real_time_world(sessions, members=30)

    def delivered() -> int:
        with unit_of_work(sessions) as session:
            query = select(func.count()).where(Message.state == MessageState.DELIVERED)
            return session.scalar(query) or 0

    with serving(home, environment(home) | {"NURTURE_ENGINE": "here", "NURTURE_TICK_SECONDS": "1"}):
        wait_until(lambda: delivered() == 30, "the outbox has them")
    with unit_of_work(sessions) as session:
        assert session.get_one(Worker, "server").stopped_at is not None
    engine.dispose()


def test_what_dbos_noted_is_struck_off_after_an_hour(empty_database: Path, tmp_path: Path) -> None:
    shutil.copy(empty_database, tmp_path / "nurture.sqlite")
    nurture = bootstrap(Settings(home=tmp_path, tick_seconds=60))
    engine = EngineProcess(nurture, "server")
    engine.start()
    try:

        def ended() -> int:
            return len(DBOS.list_workflows(status="SUCCESS"))

        wait_until(lambda: ended() > 0, "the first turn is over")
        now = SystemClock().now()
        tidy(now)
        assert ended() > 0
        tidy(now + timedelta(hours=2))
        assert ended() == 0
    finally:
        engine.stop()
        nurture.close()


def test_a_worker_on_sqlite_says_what_it_needs(tmp_path: Path) -> None:
    done = subprocess.run(
        nurture_command("worker"), env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "workers share a PostgreSQL database" in done.stderr
