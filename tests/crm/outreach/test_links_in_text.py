"""Links in texts that people write: whole, or left as they are, in any language."""

from urllib.parse import unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm.outreach.links_in_text import in_ascii
from crm.outreach.tracked_links import MessageLinks, as_page, targets_in, with_tracked_links
from tests.conftest import examples
from tests.crm.outreach.test_tracked_links import Page

TRACKED = "https://post.example/t/c/TOKEN"
OPT_OUT = "https://post.example/u/TOKEN"


@pytest.mark.parametrize(
    "link",
    [
        "https://x.example/#color=grün",
        "https://x.example/?q=红色",
        "https://x.example/a|b",
        "https://x.example/?family=A|B&size={1}^2`",
        "https://x.example/wiki/Tea_(drink)",
        "https://x.example/?a=1&amp;b=2",
        "https://x.example/?a=1&b",
        "https://bücher.example/straße?x=é",
        "https://红茶.example/茶/绿茶.html#a",
        "https://日本.example",
        "https://магазин.example/чай",
        "HTTPS://Shop.Example:8443/A?b=C",
        "https://user:p%40ss@x.example:81/a",
        "https://user:pass@红茶.example:81/a",
        "http://[2001:db8::1]:8080/a",
        "https://x.example/?u=https://y.example/b?c=d",
        "https://x.example/%E7%BA%A2?q=100%",
        "https://x.example/~a/b;c=d/e,f/@g/*h/$i/(j)/!k",
        "https://x.example/a_b-c.d+e",
    ],
)
def test_a_link_is_found_as_it_is_written(link: str) -> None:
    link = link.rstrip("`")
    for text in (link, f"See {link} now", f"看 {link}\n好", f"<{link}>", f"看：{link}，" if link.isascii() else link):
        assert targets_in(text) == [link]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("See https://x.example/a.", "https://x.example/a"),
        ("https://x.example/a?!", "https://x.example/a"),
        ("(https://x.example/a(b)).", "https://x.example/a(b)"),
        ("[tea](https://x.example/a)", "https://x.example/a"),
        ("“https://x.example/a”好", "https://x.example/a"),
        ("'https://x.example/a', he said", "https://x.example/a"),
        ("请看（https://x.example/a）。", "https://x.example/a"),
        ("点击https://x.example/a，谢谢", "https://x.example/a"),
        ("Shop:https://x.example/a;", "https://x.example/a"),
        ('<a href="https://x.example/a">', "https://x.example/a"),
    ],
)
def test_the_sentence_around_a_link_is_no_part_of_it(text: str, link: str) -> None:
    assert targets_in(text) == [link]


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/a点击领取",
        "点此https://x.example/茶",
        "https://x.example/?q=红茶，绿茶",
        'https://x.example/?q="red"',
        "https://x.example/🎁",
        "https://x.example/a—b",
        "https://x.example/a’s",
        "https://x.example/a에서",
        "https://a.example/xhttps://b.example/y",
        "https://a.example/https://b.example/",
        "https://a.example,https://b.example",
        "https://a.example/x|www.b.example",
        "weixin://dl?u=https://x.example/a",
        "www.x.example/?u=https://x.example/a",
        "seehttps://x.example/a",
        "**https://x.example/a**",
        "https://x.example/a&quot;",
        "(https://x.example/()",
        "https://x.example\\@y.example/a",
        "https://x.example:port/a",
        "https://x.example:99999/a",
        "https://ü_x.example/",
        "https://x.example/\ud800",
        "https://x.example/a\u200bb",
        f"https://x.example/?q={'红' * 700}",
        "www.x.example/a",
        "https:///a https://? http://[bad",
    ],
)
def test_where_its_end_is_in_doubt_a_link_is_left_alone(text: str) -> None:
    assert targets_in(text) == []


HOSTS = st.sampled_from(["x.example", "X.Example", "bücher.example", "红茶.example", "1.2.3.4", "u:p@x.example"])
PORTS = st.sampled_from(["", ":81"])
WORDS = st.text(st.sampled_from("aZ09-_~.!$&'()*+,;=:@|^{}%éßяא红茶ร🎁’–\u0301/?#"), max_size=8)
URLS = st.builds("{}://{}{}/{}".format, st.sampled_from(["https", "http", "HTTPS"]), HOSTS, PORTS, WORDS)
AROUND = st.sampled_from(
    ["", " ", "\n", "。", "，", "）", "（", "”", '"', "'", "(", ")", ".", "点击", "see ", "<", ": "]
)


@settings(max_examples=examples(150), deadline=None)
@given(URLS, URLS, AROUND, AROUND, AROUND)
def test_a_link_is_whole_or_untouched(one: str, other: str, before: str, between: str, after: str) -> None:
    """What a browser would take for the link: everything up to a space or the sentence's punctuation."""
    text = f"{before}{one}{between}{other}{after}"
    targets = targets_in(text)
    clicks = {target: f"{TRACKED}{place}" for place, target in enumerate(targets)}
    links = MessageLinks(OPT_OUT, None, clicks)
    tracked = with_tracked_links(text, links)
    for target, click in clicks.items():
        at = tracked.index(click)
        assert tracked[at + len(click) : at + len(click) + 1] in ("", *" \n.,;:!?')]\"<>。，）（”")
        tracked = tracked.replace(click, target)
        assert unquote(in_ascii(target).rpartition("example")[2]) == unquote(target.rpartition("example")[2])
    assert tracked == text
    page = Page(as_page(text, None, links, "en"))
    assert set(page.links) == {*clicks.values(), OPT_OUT}


@settings(max_examples=examples(150), deadline=None)
@given(
    URLS, st.sampled_from([(" ", " "), ("", ""), ("看：", "。"), ("(", ")"), ("“", "”"), ("<", ">"), ("\n", "，好")])
)
def test_a_link_with_its_end_in_sight_is_tracked_whole_or_not_at_all(link: str, around: tuple[str, str]) -> None:
    assume(link[-1] not in ".,;:!?')")  # as the sentence's own
    before, after = around
    text = f"{before}{link}{after}"
    assert targets_in(text) in ([], [link])
    assert with_tracked_links(text, MessageLinks(OPT_OUT, None, {link: TRACKED})) in (text, f"{before}{TRACKED}{after}")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://bücher.example/a|b?q=红#grün", "https://xn--bcher-kva.example/a%7Cb?q=%E7%BA%A2#gr%C3%BCn"),
        ("https://u:p@红茶.example:81/x%20y?q=%E7", "https://u:p@xn--um0at7g.example:81/x%20y?q=%E7"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://x.example/?a=[1]&b='c'&d=~", "https://x.example/?a=[1]&b='c'&d=~"),
        ("https://x.example/?", "https://x.example/?"),
        ("HTTPS://X.example/{a}^`", "HTTPS://X.example/%7Ba%7D%5E%60"),
    ],
)
def test_a_browser_is_told_an_address_in_ascii(address: str, told: str) -> None:
    assert in_ascii(address) == told


def test_what_touches_our_own_address_is_left_alone() -> None:
    target = "https://x.example/a"
    links = MessageLinks(OPT_OUT, None, {target: TRACKED})
    assert with_tracked_links(f"{target}{OPT_OUT} {target}", links) == f"{target}{OPT_OUT} {TRACKED}"
    assert targets_in(f"{target}.\x00 {target}\x00 \x00{target}", stop="\x00") == []
