"""Which command may change the tables of a database, and what the others say to one of another version."""

import subprocess
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from crm.database import open_engine
from crm.migrations import SchemaState, alembic_config, migrate, schema_state
from tests.api.conftest import environment, nurture_command, serving, settings_of

READING = (
    ("campaign", "list"),
    ("ask", "--as", "mia", "how many gold members are there?"),
    ("demo", "load", "--members", "300"),
)


def run(home: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        nurture_command(*args), env=environment(home), capture_output=True, text=True, timeout=120, check=False
    )


def at_revision(home: Path, revision: str) -> None:
    """The folder's SQLite database as an older version left it."""
    engine = open_engine(settings_of(home).resolved_database_url)
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def revision_of(home: Path) -> tuple[SchemaState, str | None]:
    engine = open_engine(settings_of(home).resolved_database_url)
    try:
        return schema_state(engine)
    finally:
        engine.dispose()


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_a_command_leaves_an_older_database_alone_and_says_what_to_do(words: tuple[str, ...], tmp_path: Path) -> None:
    at_revision(tmp_path, "0009")
    said = run(tmp_path, *words)
    assert said.returncode == 1
    assert "nurture migrate" in said.stderr
    assert revision_of(tmp_path) == (SchemaState.OLDER, "0009")


def test_migrate_brings_an_older_database_to_this_version_once(tmp_path: Path) -> None:
    at_revision(tmp_path, "0009")
    assert "migrated from revision 0009" in run(tmp_path, "migrate").stdout
    assert revision_of(tmp_path)[0] is SchemaState.CURRENT
    assert "as before" in run(tmp_path, "migrate").stdout


def test_an_empty_folder_is_begun_and_not_migrated(tmp_path: Path) -> None:
    assert "nurture demo load" in run(tmp_path, "migrate").stderr
    assert "nurture demo load" in run(tmp_path, "campaign", "list").stderr
    assert revision_of(tmp_path) == (SchemaState.EMPTY, None)


def test_serving_migrates(tmp_path: Path) -> None:
    at_revision(tmp_path, "0009")
    with serving(tmp_path):
        assert revision_of(tmp_path)[0] is SchemaState.CURRENT


@pytest.mark.parametrize("words", [("doctor",), ("migrate",)])
def test_a_database_of_a_newer_version_is_left_to_that_version(words: tuple[str, ...], tmp_path: Path) -> None:
    engine = open_engine(settings_of(tmp_path).resolved_database_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    said = run(tmp_path, *words)
    assert said.returncode == 1
    assert "update this installation" in said.stderr
