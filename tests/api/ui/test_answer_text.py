"""Whatever stands in an answer, nothing in it can be clicked or is loaded, and it reads as it was written."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nicegui.elements.markdown import prepare_content

from agent.planner.compose.words import typed
from api.ui.components.answer_text import without_markup
from tests.conftest import examples

EXTRAS = "tables fenced-code-blocks break-on-newline cuddled-lists"
HARMLESS = {"p", "br", "strong", "em", "ul", "ol", "li", "code", "pre", "div", "span", "hr", "blockquote"}
HARMLESS |= {"h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}


class Drawn(HTMLParser):
    def __init__(self, written: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words = ""
        self.feed(prepare_content(without_markup(written), EXTRAS))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words += data


NAMES = [
    "[sign in again](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "<img src=x onerror=alert(1)>",
    "<a href='https://evil.example'>here</a>",
    "<https://evil.example>",
    "<evil@evil.example>",
    "https://evil.example/a_b_c",
    "javascript:alert(1)",
    "[a](javascript:alert(1))",
    "[a][1] [1]: https://evil.example",
    "**bold** and *soft* and __wide__ and _low_",
    "`code` and ```more```",
    "\\[x](https://evil.example) \\\\[y](z)",
    "`[x](https://evil.example)",
    "&lt;b&gt; &#91;x](y)",
    "win_back_2_again",
    "[登录](https://evil.example)",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_an_answer_reads_as_it_is(name: str) -> None:
    for sentence in ("**{}** has 3 members.", "I know no “{}”.", "- {}: gold\n- another", "The segment {} is saved."):
        drawn = Drawn(sentence.format(typed(name)))
        assert drawn.tags <= HARMLESS - {"em", "code", "pre"}
        assert name in drawn.words


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_quotes_it_leads_nowhere_either(name: str) -> None:
    """Without marks for what is quoted, stars may still be read as such."""
    assert Drawn(f"Your member {name}\nand\n\n{name}").tags <= HARMLESS


def test_the_structure_of_an_answer_is_drawn() -> None:
    drawn = Drawn("**2** fit, spend < 5 > 3:\n- one\n- two\n\n| a | b |\n|---|---|\n| `x<y[0]` | 2 |\n")
    assert drawn.tags == {"p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "code"}
    assert "spend < 5 > 3" in drawn.words
    assert "x<y[0]" in drawn.words


PARTS = [
    "[",
    "]",
    "(",
    ")",
    "!",
    "<",
    ">",
    "`",
    "```",
    "\n",
    "\\",
    "&",
    "#",
    "-",
    "*",
    "_",
    ":",
    " ",
    "    ",
    "https://e",
    "x",
]


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(st.sampled_from([*PARTS, "](https://e)", "<img src=x>", "<a href=x>", "[1]: https://e"]), max_size=14))
def test_nothing_becomes_a_link_or_a_picture(parts: list[str]) -> None:
    assert Drawn("".join(parts)).tags <= HARMLESS
