"""Workers that are killed and replaced."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from signal import SIGKILL

from crm.settings import Settings
from evals.benchmarks.kills.processes import FORKS, close
from evals.benchmarks.kills.worker import work

STARTING_SECONDS = 60.0
"""On a busy machine."""
LONGEST_WAIT_SECONDS = 20.0
POLL_SECONDS = 0.005


class _Worker:
    def __init__(self, settings: Settings, name: str) -> None:
        self._line, theirs = FORKS.Pipe()
        self._is_up = False
        self.process: ForkServerProcess = FORKS.Process(target=work, args=(settings, name, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def wait_until_up(self) -> None:
        """Returns at once when it died instead."""
        if not self._is_up and self._line.poll(STARTING_SECONDS):
            self._is_up = _heard(self._line)

    def bury(self) -> bool:
        """Whether it was killed, and did not end by itself."""
        self.process.join()
        was_killed = self.process.exitcode == -SIGKILL
        self.process.close()
        self._line.close()
        return was_killed


class Crew:
    """So many workers at any time."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        self._workers = [self._new(place) for place in range(workers)]
        self.crashes = 0
        """Workers that ended by themselves."""

    def kill_one(self, chance: random.Random, *, has_come: Callable[[], bool], after_seconds: float) -> None:
        """One that is up dies so long after the moment `has_come`, the others as old as they are; it is replaced."""
        place = chance.randrange(len(self._workers))
        self._workers[place].wait_until_up()
        ends_at = time.monotonic() + LONGEST_WAIT_SECONDS
        while not has_come() and time.monotonic() < ends_at:
            time.sleep(POLL_SECONDS)
        time.sleep(after_seconds)
        self._workers[place].process.kill()
        self._replace(place)

    def replace_dead(self) -> None:
        for place, worker in enumerate(self._workers):
            if worker.process.exitcode is not None:
                self._replace(place)

    def end(self) -> None:
        for worker in self._workers:
            close(worker.process)

    def _replace(self, place: int) -> None:
        self.crashes += not self._workers[place].bury()
        self._workers[place] = self._new(place)

    def _new(self, place: int) -> _Worker:
        return _Worker(self._settings, f"worker-{place + 1}")


@contextmanager
def crew_of(settings: Settings, workers: int) -> Iterator[Crew]:
    crew = Crew(settings, workers)
    try:
        yield crew
    finally:
        crew.end()


def _heard(line: Connection) -> bool:
    try:
        line.recv()
    except EOFError:
        return False
    return True
