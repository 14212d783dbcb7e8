"""The PDF of a review: made in every situation, in both languages, and the same bytes each time."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noto_cjk_sans_otc import FONT_PATH
from sqlalchemy.orm import Session

from crm.reports.blocks import CampaignReview
from crm.reports.charts import estimates_chart, response_chart, spend_chart
from crm.reports.glyphs import showable
from crm.reports.pdf import render_pdf
from crm.reports.printing import print_review
from crm.reports.review import review_campaign
from crm.reports.words import Language
from tests.campaign_world import launched_world, make_campaign, manager
from tests.conftest import examples


@pytest.fixture
def review(session: Session, now: datetime) -> CampaignReview:
    world = launched_world(session, launched_at=now - timedelta(days=20), name="Spring 铂金 *x* #danger() $y$ @z")
    return review_campaign(session, world.campaign.id, actor=world.actor, now=now)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_review_becomes_the_same_pdf_each_time_and_in_a_process_of_its_own(
    review: CampaignReview, language: Language
) -> None:
    document = render_pdf(review, language=language)
    assert document.startswith(b"%PDF-")
    assert print_review(review, language=language) == document


def test_a_campaign_that_never_ran_has_a_pdf(session: Session, now: datetime) -> None:
    campaign = make_campaign(session, launched_at=None)
    review = review_campaign(session, campaign.id, actor=manager(session), now=now)
    assert render_pdf(review).startswith(b"%PDF-")


def test_charts_use_the_packaged_font(review: CampaignReview) -> None:
    chart = spend_chart(review, "zh")
    assert chart is not None
    assert "Noto Sans CJK SC" in chart
    assert "处理组" in chart


def test_nothing_to_draw_gives_no_chart(review: CampaignReview) -> None:
    empty = review.model_copy(update={"timeseries": ()})
    assert spend_chart(empty, "en") is None
    assert response_chart(empty, "en") is None
    assert estimates_chart((), "CNY", "en") is None


NAMES = [
    "May Member Day 🎁",
    "👨‍👩‍👧‍👦 and 👍🏽 and 🇨🇳",
    "nul\x00 tab\t bell\x07 line\nend",
    "half \ud83c",
    "\u202egnp.exe\u202c שלום مرحبا",
    "𠀀𪚥𫝀 䨺",
    '#panic(1) $x$ *b* _i_ `c` <l> @r // = - + / \\\\ "q"',
    '#import "/etc/passwd": * ]]} #read("x")',
    "สวัสดี e\u0301\u0327 \ufffe\U0010ffff \ue000",
]


@pytest.mark.parametrize(
    "name", ["", *NAMES[:4], " ".join(NAMES), "x" * 3_000, "红🎁" * 1_500], ids=[*"0abcd", "all", "long", "wide"]
)
def test_whatever_its_name_a_campaign_has_a_pdf(review: CampaignReview, name: str) -> None:
    named = review.model_copy(update={"campaign": name, "goal": name, "tiers": (name, *NAMES)})
    assert render_pdf(named, language="zh").startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("May Member Day 🎁", "May Member Day □"),
        ("👨‍👩‍👧‍👦 fam", "□ fam"),
        ("👍🏽 🏽", "□ □"),
        ("a\x00\nb \ud800c", "a b □c"),
        ("\u202eabc\ufeff", "abc"),
        ("cafe\u0301", "café"),
        ("Привет שלום", "Привет □□□□"),
        ("♥️ ①", "♥ ①"),
        ("红茶，谢谢！", "红茶，谢谢！"),
        ("#x $y$ <b>", "#x $y$ <b>"),
    ],
)
def test_what_the_font_cannot_show_is_replaced_visibly(text: str, shown: str) -> None:
    assert showable(text, FONT_PATH) == shown


@settings(max_examples=examples(60), deadline=None)
@given(st.text(max_size=60))
def test_any_text_can_be_shown(text: str) -> None:
    shown = showable(text, FONT_PATH)
    assert showable(shown, FONT_PATH) == shown
    assert not set(shown) & set("\x00\n\r\ud800\ufffe\u202e\u200d")
