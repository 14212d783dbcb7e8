"""Workers that are killed while they send: a provider's own log says that nothing was repeated or lost."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from crm.outreach.models import MessageState
from evals.benchmarks.kills.provider import Entry, Manners
from evals.benchmarks.kills.run import MANNERS, measure_kills
from evals.benchmarks.kills.tally import Tally, tally
from tests.databases import PostgresServer

KILLS, MEMBERS = 10, 150
"""Each; `nurture bench kills` kills 500."""

ONCE = [Entry("a", is_sent_on=True)]


@pytest.mark.parametrize("manners", [MANNERS[0], MANNERS[3]], ids=lambda manners: manners.name)
def test_one_killed_worker_repeats_and_loses_nothing(tmp_path: Path, manners: Manners) -> None:
    report = measure_kills(
        tmp_path, KILLS // 2, 1, database_url=None, note=print, manners=(manners,), members=MEMBERS, seed=1
    )
    assert report.holds, report.to_text()


def test_three_killed_workers_repeat_and_lose_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    with postgres.new_database() as url:
        report = measure_kills(
            tmp_path, KILLS, 3, database_url=url, note=print, manners=MANNERS[:2], members=MEMBERS, seed=2
        )
    assert report.holds, report.to_text()
    assert report.to_text().splitlines()[-1].startswith("kills: 10 of 3 worker(s) on postgresql")


@pytest.mark.parametrize(
    ("entries", "state", "fault"),
    [
        (ONCE + ONCE, MessageState.DELIVERED, "repeats"),
        ([], MessageState.DELIVERED, "losses"),
        ([], MessageState.PLANNED, "losses"),
        ([], MessageState.UNKNOWN, "losses"),
        (ONCE, MessageState.EXCLUDED, "unlisted"),
        (ONCE, MessageState.PLANNED, "unlisted"),
    ],
)
def test_the_tally_finds_each_fault(entries: Sequence[Entry], state: MessageState, fault: str) -> None:
    assert getattr(tally(entries, {"a": state}, honours_keys=True), fault) == 1


def test_a_repeat_that_the_provider_recognised_is_no_fault() -> None:
    recognised = Entry("a", is_sent_on=False)
    found = tally([*ONCE, recognised], {"a": MessageState.DELIVERED}, honours_keys=True)
    assert found == Tally(sent_on=1, handed_over=2, repeats=0, losses=0, unlisted=0, unknown=0, books_wrong=0)


def test_what_nobody_can_know_is_listed_as_unknown_and_not_lost() -> None:
    states = {"a": MessageState.UNKNOWN, "b": MessageState.UNKNOWN}
    found = tally(ONCE, states, honours_keys=False)
    assert (found.unknown, found.losses, found.unlisted) == (2, 0, 0)
