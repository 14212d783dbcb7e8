"""Only words that say nothing but yes or no answer a confirmation."""

import pytest

from agent.plain_answer import plain_answer

YES = [
    "yes",
    "Yes!",
    "ok do it",
    "go ahead",
    "confirm",
    "yes please",
    "OK, go ahead.",
    "好的",
    "确认",
    "可以",
    "好的，发吧",
]
NO = ["no", "No.", "cancel", "no thanks", "don't", "ok cancel it", "never mind", "不", "取消", "不要了", "还是取消吧"]
NEITHER = [
    "yes?",
    "yes but only in Shanghai",
    "no, make it 45 days",
    "ok push it live tomorrow morning at 9",
    "cancel the Tea Club campaign",
    "which members are that?",
    "好的，但是只发上海",
    "不在上海的会员",
    "now",
    "",
]


@pytest.mark.parametrize("text", YES)
def test_a_plain_yes(text: str) -> None:
    assert plain_answer(text) is True


@pytest.mark.parametrize("text", NO)
def test_a_plain_no(text: str) -> None:
    assert plain_answer(text) is False


@pytest.mark.parametrize("text", NEITHER)
def test_a_condition_a_question_or_a_new_request_is_neither(text: str) -> None:
    assert plain_answer(text) is None
