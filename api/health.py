"""Whether the parts of an installation answer: what `nurture doctor` prints and /readyz sums up."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from api.bootstrap import Nurture
from api.folder_rights import open_to_others
from crm.access.models import Account
from crm.database import read_only
from crm.errors import CrmError, Unavailable
from crm.members.models import Member
from crm.migrations import alembic_config
from crm.trouble import explain
from crm.workspace import get_workspace

LEAST_FREE_BYTES = 32 * 2**20
"""Below, the log of SQLite's next large transaction may not fit any more."""
FILE_CHECK_SECONDS = 30.0
"""Between two looks through a whole file for the sake of /readyz."""
MOST_CHECKED_BYTES = 200 * 2**20
"""Of a file that /readyz looks through: a fraction of a second. `nurture doctor` looks through any."""
MOST_ERRORS = 3
TRIAL_CHARACTERS = 100_000
"""More than one page of the file, so that the disk is asked."""


@dataclass(frozen=True)
class Finding:
    part: str
    is_ok: bool
    words: str

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def examine(nurture: Nurture) -> list[Finding]:
    """Each part with its state; one that fails does not hide the others."""
    checks: tuple[tuple[str, Callable[[Nurture], str]], ...] = (
        ("schema", _schema),
        ("data", _data),
        ("file", _file),
        ("writing", _writing),
        ("vectors", _vectors),
        ("rights", _rights),
    )
    return [_finding(part, check, nurture) for part, check in checks]


class Readiness:
    """Whether requests can be served. Asked every few seconds, so a whole file is looked through now and then only."""

    def __init__(self, nurture: Nurture) -> None:
        self._nurture = nurture
        self._file_checked_at = -FILE_CHECK_SECONDS
        self._file_trouble: str | None = None

    def why_not(self) -> str | None:
        """Why requests cannot be served at the moment; None when they can."""
        return _trouble("schema", _schema, self._nurture) or _trouble("room", _room, self._nurture) or self._of_file()

    def _of_file(self) -> str | None:
        if time.monotonic() - self._file_checked_at < FILE_CHECK_SECONDS:
            return self._file_trouble
        self._file_checked_at = time.monotonic()
        database = self._nurture.engine.url.database
        is_file = self._nurture.engine.dialect.name == "sqlite" and database is not None and Path(database).exists()
        if is_file and Path(str(database)).stat().st_size <= MOST_CHECKED_BYTES:
            self._file_trouble = _trouble("file", _file, self._nurture)
        return self._file_trouble


def _trouble(part: str, check: Callable[[Nurture], str], nurture: Nurture) -> str | None:
    finding = _finding(part, check, nurture)
    return None if finding.is_ok else finding.words


def _finding(part: str, check: Callable[[Nurture], str], nurture: Nurture) -> Finding:
    try:
        return Finding(part, is_ok=True, words=check(nurture))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a part is what was asked for
        return Finding(part, is_ok=False, words=explain(error, "check.failed", part=part).message)


def _schema(nurture: Nurture) -> str:
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    with nurture.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != newest:
        raise CrmError(f"the database is at revision {current}, this code needs {newest}; start the server to migrate")
    return f"revision {current}"


def _data(nurture: Nurture) -> str:
    with read_only(nurture.sessions) as session:
        workspace = get_workspace(session)
        members = session.scalar(select(func.count(Member.id)))
        people = session.scalar(select(func.count(Account.id)))
    return f"{workspace.name}: {members:,} members, {people} people who can sign in"


def _file(nurture: Nurture) -> str:
    """Whether the pages of a SQLite file hold together; of a large file the first errors alone are looked for."""
    if nurture.engine.dialect.name != "sqlite":
        return "the server of the database looks after that"
    with read_only(nurture.sessions) as session:
        found = list(session.scalars(text(f"PRAGMA quick_check({MOST_ERRORS})")))
    if found != ["ok"]:
        raise Unavailable(f"the database file is damaged ({found[0]}); restore it from a backup")
    return "whole"


def _writing(nurture: Nurture) -> str:
    """Whether the database takes a row now; the row is taken back."""
    _room(nurture)
    with nurture.engine.connect() as connection:
        connection.execute(text("CREATE TABLE nurture_trial (word TEXT)"))
        connection.execute(text("INSERT INTO nurture_trial VALUES (:word)"), {"word": "x" * TRIAL_CHARACTERS})
        connection.rollback()
    return "possible"


def _room(nurture: Nurture) -> str:
    """Whether the data folder has room and lets itself be written to. Raises Unavailable."""
    folders = {nurture.settings.home.resolve()}
    if nurture.engine.dialect.name == "sqlite" and nurture.engine.url.database:
        folders.add(Path(nurture.engine.url.database).resolve().parent)
    for folder in folders:
        if not folder.is_dir():
            raise Unavailable(f"there is no folder {folder}; make it, or set NURTURE_HOME to another one")
        if not os.access(folder, os.W_OK):
            raise Unavailable(f"the folder {folder} cannot be written to; let the user of this process do so")
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE_BYTES:
            left, least = free // 2**20, LEAST_FREE_BYTES // 2**20
            raise Unavailable(f"the disk of {folder} has {left} MB left, less than {least}; free some space")
    return "enough"


def _vectors(nurture: Nurture) -> str:
    return f"{len(nurture.insight_index.search('lessons', 1))} hit for a trial search"


def _rights(nurture: Nurture) -> str:
    left_open = open_to_others(nurture.settings)
    if left_open:
        owner = left_open[0].lstat().st_uid
        raise CrmError(
            f"other accounts of this machine can reach {left_open[0]}, which belongs to account {owner}; "
            "its owner can shut it with chmod go="
        )
    return "nobody else on this machine can read the data"
