"""Kills workers at random moments while they send, jumps their clock, and counts what the provider got."""

import random
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from crm.database import read_only
from crm.errors import Conflict
from crm.settings import Settings
from evals.benchmarks.kills.crew import Crew, crew_of
from evals.benchmarks.kills.provider import Manners, Provider, running_provider
from evals.benchmarks.kills.report import KillsReport, Phase
from evals.benchmarks.kills.tally import tally_ledger
from evals.benchmarks.kills.world import KillWorld, with_provider, worker_settings

MANNERS = (
    Manners("honours keys", honours_keys=True),
    Manners("ignores keys", honours_keys=False),
    Manners("honours keys, at times takes a message and is silent", honours_keys=True, silent_share=0.005),
    Manners("ignores keys, at times takes a message and is silent", honours_keys=False, silent_share=0.005),
)
MEMBERS = 1_000
SENDING_SHARE = 0.8
"""Of kills, that wait until the provider gets something; the others come whatever the worker does."""
LONGEST_DELAY_SECONDS = 0.3
"""From that moment to the kill: the batch's messages, the commit after them, the claim of the next batch."""
JUMPS = (
    timedelta(seconds=30),
    timedelta(minutes=6),
    timedelta(minutes=6),
    timedelta(hours=1),
    timedelta(minutes=-2),
)
"""Six minutes let every lease run out, also those of workers that are alive."""
JUMP_SHARE = 0.5
STALL_SECONDS = 0.5
LONGEST_SETTLING_SECONDS = 240.0


def measure_kills(
    work_folder: Path,
    kills: int,
    workers: int,
    *,
    database_url: str | None,
    note: Callable[[str], None],
    manners: tuple[Manners, ...] = MANNERS,
    members: int = MEMBERS,
    seed: int = 7,
) -> KillsReport:
    """So many kills, shared out among providers of all manners, on a SQLite file or an empty database.

    Raises Conflict when what waits is not sent in the end.
    """
    home = work_folder / "kills"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    settings = worker_settings(home, database_url)
    world = KillWorld(settings)
    try:
        world.fill(members)
        phases = []
        for number, manner in enumerate(manners):
            share = kills * (number + 1) // len(manners) - kills * number // len(manners)
            phases.append(_run_phase(world, settings, manner, share, workers, random.Random(f"{seed}-{number}")))
            note(phases[-1].to_text())
    finally:
        world.close()
    return KillsReport(database=world.database, workers=workers, phases=tuple(phases))


def _run_phase(
    world: KillWorld, settings: Settings, manners: Manners, kills: int, workers: int, chance: random.Random
) -> Phase:
    log = settings.home / f"provider-{manners.name.replace(' ', '-').replace(',', '')}.log"
    with (
        running_provider(manners, log) as provider,
        crew_of(with_provider(settings, provider, manners), workers) as crew,
    ):
        campaigns = []
        for _ in range(kills):
            backlog = world.backlog()
            if not (backlog.waiting or backlog.claimed):
                campaigns.append(world.start_campaign())
            elif not backlog.is_due:
                world.jump_on(backlog)
            elif chance.random() < JUMP_SHARE:
                world.jump(chance.choice(JUMPS))
            crew.kill_one(
                chance,
                has_come=_sends(provider) if chance.random() < SENDING_SHARE else lambda: True,
                after_seconds=chance.random() * LONGEST_DELAY_SECONDS,
            )
        _settle(world, crew)
        crashes = crew.crashes
    with read_only(world.sessions) as session:
        tally = tally_ledger(session, provider.entries(), campaigns, honours_keys=manners.honours_keys)
    return Phase(manners.name, manners.honours_keys, kills, len(campaigns), crashes, tally)


def _sends(provider: Provider) -> Callable[[], bool]:
    """Asks whether the provider got anything since now."""
    size = provider.log_size()
    return lambda: provider.log_size() > size


def _settle(world: KillWorld, crew: Crew) -> None:
    """Let the workers finish, walking the clock from one moment at which something is due to the next."""
    ends_at = time.monotonic() + LONGEST_SETTLING_SECONDS
    before = world.backlog()
    while before.waiting or before.claimed:
        if time.monotonic() > ends_at:
            raise Conflict(f"after {LONGEST_SETTLING_SECONDS:.0f} s there is still work: {before}")
        crew.replace_dead()
        time.sleep(STALL_SECONDS)
        after = world.backlog()
        if after == before or not after.is_due:
            world.jump_on(after)
        before = after
