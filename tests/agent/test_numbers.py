"""Figures in prose are shown only when a tool result or the person's words hold them."""

from decimal import Decimal

import pytest

from agent.numbers import WITHHELD, NumberGuard, numerals

RESULT = '{"count": 1234, "rate": 0.12345, "as_of": "2026-06-01", "budget": 50000, "share": -0.5}'


@pytest.mark.parametrize(
    "sentence",
    [
        "There are 1,234 members.",
        "There are 1234 members.",
        "About 1.2k members.",
        "12.3% of them opened it.",
        "The rate is 0.123.",
        "As of 2026-06-01.",
        "It fell by 50%.",
        "共1234人。",
        "预算5万元。",
        "预算五万元。",
        "1. First\n",
        "No figure at all.",
        "You said 45 days.",
    ],
)
def test_a_supported_figure_is_shown(sentence: str) -> None:
    guard = NumberGuard([RESULT, "make it 45 days"], "en")
    assert guard.feed(sentence) + guard.finish() == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "There are 1,235 members.",
        "About 1.3k members.",
        "13% of them opened it.",
        "12.4% of them opened it.",
        "As of 2026-06-02.",
        "共1235人。",
        "预算六万元。",
        "1. There are 99 of them\n",
        "M77 is one of them.",
    ],
)
def test_an_unsupported_figure_is_withheld_with_its_sentence(sentence: str) -> None:
    guard = NumberGuard([RESULT], "en")
    shown = guard.feed(sentence) + guard.finish()
    assert shown.strip() == WITHHELD["en"]


def test_the_cut_does_not_depend_on_how_the_text_arrives() -> None:
    text = "I looked.\n1. There are 1,234.\n2. Of them 99 left. Bye! 共1235人。再见。 The end"
    whole, piecewise = NumberGuard([RESULT], "zh"), NumberGuard([RESULT], "zh")
    at_once = whole.feed(text) + whole.finish()
    assert "".join(piecewise.feed(letter) for letter in text) + piecewise.finish() == at_once
    assert "99" not in at_once
    assert "1235" not in at_once
    assert "There are 1,234." in at_once


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("一万二千", 12000),
        ("三百二十", 320),
        ("十五", 15),
        ("二十", 20),
        ("三亿", 300_000_000),
        ("1.5万", 15000),
        ("2m", 2_000_000),
    ],
)
def test_numerals_are_read_in_both_scripts(text: str, value: int) -> None:
    assert [numeral.value for numeral in numerals(text)] == [Decimal(value)]
