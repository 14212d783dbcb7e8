"""What every command shares: how it speaks, fails, shows progress and reads its arguments."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from crm.bounds import aware_within, day_within
from crm.clock import Clock, FixedClock
from crm.errors import InvalidRequest
from crm.json_input import read_json
from crm.reading.moments import read_day, read_moment

Advance = Callable[[str, int, int], None]
"""Called with (what is being done, how much is done, how much there is in all)."""

T = TypeVar("T")
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys: controls, and those that turn the direction of what follows."""
MORNING = time(9, 0)


def harmless(text: str) -> str:
    """The text with whatever a terminal would obey written out as \\u...: names and files come from strangers.

    It is an escape of JSON, too, so JSON stays the same value.
    """
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Notes(Console):
    def print(self, *objects: Any, **how: Any) -> None:
        super().print(*(harmless(each) if isinstance(each, str) else each for each in objects), **how)


notes = _Notes(stderr=True, highlight=False)


def say(text: str) -> None:
    """Print one line of the command's result."""
    sys.stdout.write(f"{harmless(text)}\n")


def say_json(value: Any) -> None:
    say(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@contextmanager
def progress_bar() -> Iterator[Advance]:
    """A progress bar on stderr, one row for each thing being done; plain nothing where stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes) as progress:
        rows: dict[str, Any] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in rows:
                rows[what] = progress.add_task(what, total=total)
            progress.update(rows[what], completed=done, total=total)

        yield advance


def parse_day(text: str, option: str) -> date:
    try:
        day = read_day(text)
    except InvalidRequest as error:
        raise InvalidRequest(f"{option} {text[:40]!r} is no date; write it as 2026-06-01: {error.message}") from error
    return _within(day_within, day, option)


def parse_moment(text: str, option: str, zone: ZoneInfo) -> datetime:
    """A moment; without an offset it is local time of the workspace."""
    try:
        moment = read_moment(text, zone)
    except InvalidRequest as error:
        raise InvalidRequest(f"{option}: {error.message}") from error
    return _within(aware_within, moment, option)


def _within(check: Callable[[T], T], value: T, option: str) -> T:
    try:
        return check(value)
    except ValueError as error:
        raise InvalidRequest(f"{option}: {error}") from error


def morning_of(day: date, zone: ZoneInfo) -> Clock:
    """A clock that stands at 09:00 of a day in the workspace's zone."""
    return FixedClock(datetime.combine(day, MORNING, tzinfo=zone))


def read_json_argument(text: str, option: str) -> Any:
    """JSON given on the command line, or `@file` that holds it."""
    if text.startswith("@"):
        path = Path(text[1:])
        if not path.is_file():
            raise InvalidRequest(f"{option}: there is no file {path}")
        return read_json(_bytes_of(path, option), name=option)
    return read_json(text, name=option)


def _bytes_of(path: Path, option: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(f"{option}: {path} cannot be read: {error.strerror}") from error
