"""The schema, from the first table on. `migrate` brings a database to the newest version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def migrate(engine: Engine) -> None:
    """Upgrade the database to the newest schema, in one transaction. Does nothing when it is there already.

    Processes that start together wait for the first one (SQLite has one writer anyway).
    """
    config = alembic_config()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('nurture:migrate', 0))"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
