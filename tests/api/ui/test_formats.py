"""How figures, moments and names are written, and that markup in an answer stays words."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from api.ui import formats
from api.ui.live_text import LiveText


@pytest.mark.parametrize(
    ("cents", "written"),
    [(None, "–"), (0, "¥0"), (12_345, "¥123.45"), (-500, "-¥5"), (123_456_789, "¥1,234,568")],
)
def test_money_shows_cents_only_where_they_matter(cents: int | None, written: str) -> None:
    assert formats.money(cents, "CNY") == written


def test_a_moment_is_written_in_the_workspaces_zone() -> None:
    moment = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
    assert formats.moment(moment, ZoneInfo("Asia/Shanghai")) == "Mon 1 Jun 2026 09:00"
    assert formats.moment("2026-06-01T01:00:00Z", ZoneInfo("Asia/Shanghai")) == "Mon 1 Jun 2026 09:00"


@pytest.mark.parametrize(("name", "letters"), [("Mia Chen", "MC"), ("Admin", "A"), ("张敏", "张"), ("", "?")])
def test_initials_suit_latin_and_chinese_names(name: str, letters: str) -> None:
    assert formats.initials(name) == letters


def test_live_text_shows_everything_in_the_end() -> None:
    shown: list[str] = []
    text = LiveText(shown.append)
    for piece in ("Hello ", "wide ", "world"):
        text.add(piece)
    text.flush()
    assert shown[-1] == "Hello wide world"
    assert len(shown) < 4
