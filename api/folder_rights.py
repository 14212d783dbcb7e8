"""The data folder is its owner's alone: what a command makes is private, and what was left open is shut."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from crm.settings import Settings

PRIVATE_UMASK = 0o077
"""Of every command: whatever it makes, other accounts of the machine can neither read nor write."""
OURS = (
    "*.sqlite",
    "*.sqlite-*",
    "server.json",
    "server.lock",
    "link-keys*",
    "knowledge",
    "archive",
    "locks",
    "bench",
)
"""What stands in a data folder by our hand. Whatever else somebody keeps there is theirs, and left as it is."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class Rights:
    """What other accounts of the machine could reach."""

    shut: tuple[Path, ...] = ()
    left_open: tuple[Path, ...] = ()
    """Belongs to another account, who alone can shut it."""


def make_private(settings: Settings) -> Rights:
    """Take every right from everybody but the owner, who keeps theirs."""
    shut, left_open = [], []
    for path in open_to_others(settings):
        try:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)
            shut.append(path)
        except PermissionError:
            left_open.append(path)
    return Rights(tuple(shut), tuple(left_open))


def open_to_others(settings: Settings) -> list[Path]:
    """The data folder, what is ours in it, and a SQLite database elsewhere, as far as others have any right to it."""
    if os.name != "posix":
        return []
    return [path for path in _ours(settings) if _is_open(path)]


def _ours(settings: Settings) -> Iterator[Path]:
    if settings.home.is_dir():
        yield settings.home
        for pattern in OURS:
            for path in settings.home.glob(pattern):
                yield path
                if path.is_dir() and not path.is_symlink():
                    yield from path.rglob("*")
    database = sqlite_file(settings)
    if database is not None and database.parent != settings.home:
        for ending in ("", "-wal", "-shm", "-journal"):
            yield database.with_name(database.name + ending)


def sqlite_file(settings: Settings) -> Path | None:
    """Where the SQLite database is; None on PostgreSQL."""
    url = make_url(settings.resolved_database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _is_open(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    return bool(mode & _OTHERS) and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
