"""Whether the parts of an installation answer: what `nurture doctor` prints and /readyz sums up."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from api.bootstrap import Nurture
from api.folder_rights import open_to_others
from crm.access.models import Account
from crm.database import read_only
from crm.errors import CrmError
from crm.members.models import Member
from crm.migrations import alembic_config
from crm.workspace import get_workspace


@dataclass(frozen=True)
class Finding:
    part: str
    is_ok: bool
    words: str

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def examine(nurture: Nurture) -> list[Finding]:
    """Each part with its state; one that fails does not hide the others."""
    return [
        _finding("schema", lambda: _schema(nurture)),
        _finding("data", lambda: _data(nurture)),
        _finding("vectors", lambda: _vectors(nurture)),
        _finding("rights", lambda: _rights(nurture)),
    ]


def is_ready(nurture: Nurture) -> bool:
    """Whether requests can be served: the schema is the one this code needs."""
    return _finding("schema", lambda: _schema(nurture)).is_ok


def _finding(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, is_ok=True, words=check())
    except CrmError as error:
        return Finding(part, is_ok=False, words=error.message)


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
