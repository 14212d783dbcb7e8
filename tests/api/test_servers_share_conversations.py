"""Two servers and two workers on one PostgreSQL database: conversations go on, whichever server is killed."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx
import pytest
from sqlalchemy import func, select

from crm.database import Sessions, open_engine, open_sessions, read_only, unit_of_work
from crm.segments.models import Segment
from crm.workers import list_workers
from crm.workspace import Workspace
from tests.accounts import PASSWORD, make_person
from tests.api.conftest import Server, environment, nurture_command, serving
from tests.api.talking import Talk
from tests.builders import make_member
from tests.conftest import DEEP_EXAMPLES
from tests.databases import PostgresServer

pytestmark = pytest.mark.deep
KILLS = DEEP_EXAMPLES or 2
LONGEST_LIFE_SECONDS = 0.5
"""A server is killed within this time after it was told yes: before, while and after it does what it was told."""


@dataclass
class Pair:
    """Two servers with data folders of their own, and the database that they share."""

    folders: tuple[Path, Path]
    url: str
    sessions: Sessions

    @contextmanager
    def serving(self, number: int) -> Iterator[Server]:
        with serving(self.folders[number], environment(self.folders[number]) | {"DATABASE_URL": self.url}) as server:
            yield server

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """A worker beside the servers."""
        ours = environment(self.folders[0].with_name(name)) | {"DATABASE_URL": self.url}
        process = subprocess.Popen(nurture_command("worker", "--name", name), env=ours, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.kill()
            process.wait(timeout=20)

    def saved(self, name: str) -> int:
        with read_only(self.sessions) as session:
            return session.scalar(select(func.count(Segment.id)).where(Segment.name == name)) or 0


@pytest.fixture
def pair(postgres: PostgresServer, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres.new_database())
        engine = open_engine(url)
        stack.callback(engine.dispose)
        sessions = open_sessions(engine)
        with unit_of_work(sessions) as session:
            session.add(Workspace(id=1, name="Club", dataset="own", zone_name="UTC", currency="EUR"))
            make_person(session, "mia")
            for tier in ("gold", "gold", "silver"):
                make_member(session, tier=tier)
        yield Pair((tmp_path / "one", tmp_path / "two"), url, sessions)


def test_a_question_asked_by_one_server_is_answered_at_the_other(pair: Pair) -> None:
    with pair.serving(0) as one, pair.serving(1) as two:
        talk = Talk.opened(one.client("mia", PASSWORD))
        assert talk.say("how many gold members are there?").card("query_segment")["count"] == 2
        question = talk.say("save them as Golden Two").first("confirmation_asked")
        one.kill()
        again = Talk(two.client("mia", PASSWORD), talk.thread_id)
        assert [entry["is_open"] for entry in again.entries() if entry["kind"] == "confirmation"] == [True]
        again.decide(question["interrupt_id"], "approve")
        assert pair.saved("Golden Two") == 1
        # What "them" means was said to the server that is gone.
        assert "gold: 2 members" in again.say("split them by tier").answer


def test_two_servers_do_not_answer_in_one_conversation_at_once(pair: Pair) -> None:
    with pair.serving(0) as one, pair.serving(1) as two:
        talks = [Talk.opened(one.client("mia", PASSWORD))]
        talks.append(Talk(two.client("mia", PASSWORD), talks[0].thread_id))
        asking = [
            threading.Thread(target=talk.say, args=(f"how many {tier} members are there?",))
            for tier in ("gold", "silver", "gold")
            for talk in talks
        ]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
        kinds = [entry["kind"] for entry in talks[0].entries()]
        assert kinds == ["request", "tool", "answer"] * 6


def test_whatever_server_is_killed_each_yes_is_carried_out_once(pair: Pair) -> None:
    random = Random(11)
    with ExitStack() as stack:
        servers = [stack.enter_context(pair.serving(0)), stack.enter_context(pair.serving(1))]
        for name in ("worker-1", "worker-2"):
            stack.enter_context(pair.working(name))
        talk = Talk.opened(servers[0].client("mia", PASSWORD))
        for kill in range(KILLS):
            name, victim = f"Round {kill}", kill % 2
            talk = Talk(servers[victim].client("mia", PASSWORD), talk.thread_id)
            talk.say("how many gold members are there?")
            question = talk.say(f"save them as {name}").first("confirmation_asked")["interrupt_id"]
            saying = threading.Thread(target=_decide, args=(talk, question))
            saying.start()
            time.sleep(random.random() * LONGEST_LIFE_SECONDS)
            servers[victim].kill()
            saying.join()
            other = Talk(servers[1 - victim].client("mia", PASSWORD), talk.thread_id)
            if not pair.saved(name):
                # The question waits still, or the yes had been written down and not yet carried out.
                other.say("yes")
            assert pair.saved(name) == 1
            assert not any(entry["is_open"] for entry in other.entries())
            servers[victim] = stack.enter_context(pair.serving(victim))
        with read_only(pair.sessions) as session:
            assert {worker.name for worker in list_workers(session)} == {"worker-1", "worker-2"}


def _decide(talk: Talk, question: str) -> None:
    with suppress(httpx.TransportError, StopIteration, ValueError):  # the server dies in the middle of its answer
        talk.decide(question, "approve")
