"""The schema, from the first table on.

Only what is started to serve migrates a database that holds data (`migrate`); whoever begins a workspace makes its
tables (`create_schema`); everything else asks for the schema that this code knows (`require_schema`).
"""

from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from crm.errors import Conflict


class SchemaState(StrEnum):
    EMPTY = "empty"
    OLDER = "older"
    """This code has migrations that the database has not had."""
    CURRENT = "current"
    NEWER = "newer"
    """At a revision that this code does not know."""


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def migrate(engine: Engine) -> None:
    """Upgrade the database to the newest schema, in one transaction. Does nothing when it is there already.

    Raises Conflict when a newer version of the code has migrated it.

    Processes that start together wait for the first one (SQLite has one writer anyway).
    """
    if schema_state(engine)[0] is SchemaState.NEWER:
        require_schema(engine)
    config = alembic_config()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('nurture:migrate', 0))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_state(engine: Engine) -> tuple[SchemaState, str | None]:
    """How the database's schema stands to this code's, and its revision."""
    scripts = ScriptDirectory.from_config(alembic_config())
    with engine.connect() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    if revision is None:
        return SchemaState.EMPTY, None
    if revision == scripts.get_current_head():
        return SchemaState.CURRENT, revision
    known = {script.revision for script in scripts.walk_revisions()}
    return (SchemaState.OLDER if revision in known else SchemaState.NEWER), revision


def require_schema(engine: Engine) -> None:
    """Raises Conflict, with what to do, unless the database has exactly the schema that this code knows."""
    state, revision = schema_state(engine)
    if state is SchemaState.EMPTY:
        raise Conflict(
            "this database holds no data yet; load some with `nurture demo load`, or begin with `nurture init`"
        )
    if state is SchemaState.OLDER:
        raise Conflict(
            f"the database is at revision {revision} and this version needs a newer one; "
            "make a backup and run `nurture migrate` (`nurture serve` and `nurture worker` do the same at their start)"
        )
    if state is SchemaState.NEWER:
        raise Conflict(
            f"the database was migrated by a newer version of Nurture (revision {revision}); update this installation"
        )


def create_schema(engine: Engine) -> None:
    """Make the tables of an empty database. Raises Conflict for one with another schema than this code's."""
    if schema_state(engine)[0] is SchemaState.EMPTY:
        migrate(engine)
    require_schema(engine)
