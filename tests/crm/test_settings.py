"""Which environment variables count."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from crm.settings import Settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NURTURE_HOME", "NURTURE_PORT", "DATABASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_variables_of_others_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home-of-somebody")
    monkeypatch.setenv("PORT", "1234")
    monkeypatch.setenv("HOST", "0.0.0.0")
    settings = Settings()
    assert (settings.home, settings.host, settings.port) == (Path("data"), "127.0.0.1", 8000)


def test_our_variables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NURTURE_HOME", "elsewhere")
    monkeypatch.setenv("NURTURE_PORT", "9000")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.sqlite")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")
    settings = Settings()
    assert (settings.home, settings.port) == (Path("elsewhere"), 9000)
    assert settings.resolved_database_url == "sqlite:///other.sqlite"
    assert settings.uses_language_model


def test_without_a_key_the_planner_drives_and_the_database_lies_in_home() -> None:
    settings = Settings(home=Path("somewhere"))
    assert not settings.uses_language_model
    assert settings.resolved_database_url == "sqlite:///somewhere/nurture.sqlite"


def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NURTURE_PORT", "99999")
    with pytest.raises(ValidationError, match="65535"):
        Settings()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_through_psycopg_however_its_address_begins(scheme: str) -> None:
    settings = Settings(database_url=f"{scheme}://nurture@db.example.com/nurture")
    assert settings.resolved_database_url == "postgresql+psycopg://nurture@db.example.com/nurture"


@pytest.mark.parametrize(("seconds", "cron"), [(1, "*/1 * * * * *"), (5, "*/5 * * * * *"), (60, "0 * * * * *")])
def test_the_pause_between_turns_is_a_schedule(seconds: int, cron: str) -> None:
    assert Settings(tick_seconds=seconds).tick_cron == cron
