"""The reader's edges: what it asks, what it leaves unread, masks, and any text at all."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meaning import TODAY, normal

from crm.catalog import CATALOG
from crm.segments.definition import parse_definition
from crm.segments.language.reader import SegmentRequest, read_segment
from crm.segments.language.vocabulary import Vocabulary
from tests.conftest import examples

WORDS = [
    "gold",
    "members",
    "in",
    "Shanghai",
    "who",
    "haven't",
    "bought",
    "tea",
    "coffee",
    "in",
    "the",
    "last",
    "30",
    "days",
    "and",
    "or",
    "not",
    "with",
    "more",
    "than",
    "3",
    "orders",
    "clv",
    "over",
    "20k",
    "by",
    "tier",
    "top",
    "10",
    "average",
    "spend",
    "since",
    "May",
    "exclude",
    "blacklisted",
    "only",
    "same",
    "for",
    "Beijing",
    "make",
    "it",
    "45",
    "金卡",
    "会员",
    "近90天",
    "没",
    "下单",
    "消费",
    "满",
    "5000元",
    "的",
    "按",
    "城市",
    "前",
    "10",
    "名",
    "其中",
    "不在",
    "黑名单",
    ",",
    ";",
    "?",
    "8折",
    "15%",
    "off",
]


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("create a campaign for our best customers", "audience_definition"),
        ("high value members in Shanghai", "audience_definition"),
        ("top customers", "audience_definition"),
        ("优质客户有哪些", "audience_definition"),
        ("gold members who joined recently", "window"),
        ("inactive members", "window"),
        ("members who opted in", "channel"),
        ("high clv platinum members", "threshold"),
        ("top 5% of members", "order"),
        ("消费者前5%", "order"),
    ],
)
def test_words_without_an_agreed_meaning_are_asked_about(text: str, slot: str, vocabulary: Vocabulary) -> None:
    reading = read_segment(text, vocabulary, TODAY)
    assert reading.request is None
    assert reading.question is not None
    assert slot in reading.question.slots


def test_a_question_comes_in_the_language_of_the_request(vocabulary: Vocabulary) -> None:
    reading = read_segment("优质客户有哪些", vocabulary, TODAY)
    assert reading.question is not None
    assert "具体指什么" in reading.question.words


def test_words_that_found_no_place_are_named(vocabulary: Vocabulary) -> None:
    assert read_segment("list gold members with blue eyes", vocabulary, TODAY).unread == ("blue", "eyes")
    assert read_segment("list gold members in Shanghai", vocabulary, TODAY).unread == ()


def test_masked_words_belong_to_something_else(vocabulary: Vocabulary) -> None:
    text = "win-back for platinum members with no purchase in 60 days: 15% off by push, start Friday 9:00, 5% holdout"
    first = text.index("15% off")
    reading = read_segment(text, vocabulary, TODAY, masked_spans=[(first, len(text))])
    assert reading.request is not None
    assert normal(reading.request.definition) == normal(
        {
            "all": [
                {"field": "tier", "op": "in", "value": ["platinum"]},
                {"field": "orders.count", "op": "=", "value": 0, "window_days": 60},
            ]
        }
    )
    assert reading.unread == ()


def test_the_places_of_the_words_read_are_those_of_the_source(vocabulary: Vocabulary) -> None:
    text = "Ｇｏｌｄ memebers in SHANGHAI"
    reading = read_segment(text, vocabulary, TODAY)
    assert [text[start:end] for start, end in reading.spans] == ["Ｇｏｌｄ", "memebers", "SHANGHAI"]


def test_a_new_request_forgets_the_one_before(vocabulary: Vocabulary) -> None:
    before = SegmentRequest({"all": [{"field": "tier", "op": "in", "value": ["gold"]}]})
    reading = read_segment("How many members do we have in Beijing?", vocabulary, TODAY, previous=before)
    assert not reading.is_refinement
    assert reading.request is not None
    assert reading.request.definition == {"all": [{"field": "city", "op": "in", "value": ["Beijing"]}]}


def test_a_follow_up_leaves_the_request_before_untouched(vocabulary: Vocabulary) -> None:
    before = SegmentRequest({"all": [{"field": "tier", "op": "in", "value": ["gold"]}]})
    read_segment("what about silver?", vocabulary, TODAY, previous=before)
    assert before.definition == {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}


@settings(max_examples=examples(300), deadline=None)
@given(text=st.one_of(st.text(max_size=80), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
def test_any_text_is_read_asked_about_or_left_alone(text: str, vocabulary: Vocabulary) -> None:
    first = read_segment(text, vocabulary, TODAY)
    before = first.request or SegmentRequest({"all": []})
    for reading in (first, read_segment(text, vocabulary, date(2024, 2, 29), previous=before)):
        assert (reading.request is None) == (reading.question is not None)
        if reading.request is not None:
            parse_definition(reading.request.definition, CATALOG)


def test_new_said_twice_of_one_time_means_one_joining(vocabulary: Vocabulary) -> None:
    once = read_segment("new members in June", vocabulary, TODAY).request
    twice = read_segment("June new how new", vocabulary, TODAY).request
    assert once is not None
    assert twice is not None
    assert once.definition["all"][0]["field"] == twice.definition["all"][0]["field"] == "joined_at"
