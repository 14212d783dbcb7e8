"""A message's text: its links found and tracked, its page made."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.outreach.tracked_links import MessageLinks, as_page, targets_in, with_tracked_links

SHOP = "https://shop.example/tea?a=1&b=2"
LINKS = MessageLinks(unsubscribe="/u/TOKEN", pixel="/t/o/TOKEN.gif", clicks={SHOP: "/t/c/TOKEN"})


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("See https://shop.example/tea.", ["https://shop.example/tea"]),
        ("(see http://shop.example/a(b))!", ["http://shop.example/a(b)"]),
        ("点此https://shop.example/tea，谢谢", ["https://shop.example/tea"]),
        ("https://a.example https://b.example https://a.example", ["https://a.example", "https://b.example"]),
        ("javascript:alert(1) ftp://a.example mailto:a@b.example", []),
        ("https:// http://? https://[bad", []),
        (f"https://a.example/{'x' * 2000}", []),
    ],
)
def test_addresses_are_found_without_the_sentence_around_them(text: str, targets: list[str]) -> None:
    assert targets_in(text) == targets


def test_an_address_that_runs_into_a_members_words_is_left_out() -> None:
    assert targets_in("https://a.example/?n=\x00 https://b.example/ \x00", stop="\x00") == ["https://b.example/"]


def test_a_text_has_tracked_addresses_for_its_own_and_no_others() -> None:
    text = f"Tea: {SHOP}, milk: https://milk.example. {LINKS.unsubscribe}"
    assert with_tracked_links(text, LINKS) == "Tea: /t/c/TOKEN, milk: https://milk.example. /u/TOKEN"


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_page_has_paragraphs_tracked_links_and_the_pixel_at_the_end() -> None:
    page = as_page(f"Hi <Ann> & co,\n\nlook:\n{SHOP}\n\nOpt out: {LINKS.unsubscribe}", "Tea & more", LINKS, "en")
    read = Page(page)
    assert read.links == ["/t/c/TOKEN", "/u/TOKEN", "/t/o/TOKEN.gif"]
    assert "Hi <Ann> & co," in read.words
    assert SHOP in read.words
    assert page.count("<p>") == 3
    assert page.index("<img") > page.rindex("</p>")


@pytest.mark.parametrize(("language", "words"), [("en", "Opt out"), ("zh", "退订")])
def test_a_page_without_a_way_out_gets_one(language: str, words: str) -> None:
    read = Page(as_page("Hello", None, LINKS, language))
    assert read.links == ["/u/TOKEN", "/t/o/TOKEN.gif"]
    assert words in read.words


@given(st.text(alphabet=st.sampled_from("<>&\"' abhttps:/.script\n"), max_size=80))
def test_nothing_in_a_text_becomes_markup(text: str) -> None:
    read = Page(as_page(text, text, LINKS, "en"))
    assert set(read.tags) <= {"html", "head", "meta", "title", "body", "p", "br", "a", "img"}
    assert read.links == ["/u/TOKEN", "/t/o/TOKEN.gif"]
