"""Answers: every figure stands in the tool result, and what was not understood is said first."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from agent.numbers import NumberGuard
from tests.agent.planner.conversation_driver import Conversation, make_vocabulary

PLAN = {
    "as_of": "2026-06-01T01:00:00Z",
    "audience_count": 1066,
    "read_back": "members where tier is platinum",
    "holdout_count": 107,
    "total_messages": 1930,
    "messages_per_day": [
        {"day": "2026-06-05", "channel": "email", "count": 1000},
        {"day": "2026-06-05", "channel": "sms", "count": 930},
    ],
    "exclusions": [{"channel": "sms", "reason": "no_consent", "count": 31}],
    "benefits": [{"coupon_code": "C50", "name": "¥50 off", "needed": 958, "stock_available": 229, "short": 729}],
    "cost_cents": 4750,
    "cost": "¥47.50",
    "conflicts": [{"campaign": "618 Warm-up", "shared_members": 66}],
    "warnings": ["¥50 off: 958 needed, 229 in stock"],
}
BRIEF = {
    "channels": ["email", "sms"],
    "offers": [{"kind": "amount_off", "value": 50, "min_spend": 300}],
    "start": "2026-06-05T10:00:00",
}
CAMPAIGN = {"campaign_id": 12, "name": "Win-back", "state": "draft", "brief": BRIEF, "plan": PLAN, "lessons": []}
MONITOR = {
    "name": "Summer Skincare",
    "state": "running",
    "as_of": "2026-06-01T01:10:00Z",
    "counts": {"planned": 944, "delivered": 374, "failed": 4, "unknown": 0, "excluded": 511, "pending": 55},
    "members_reached": 126,
    "coverage": 0.899,
    "conversions": 28,
    "conversion_rate": 0.222,
    "by_channel": [
        {
            "channel": "email",
            "counts": {"delivered": 191},
            "coverage": 0.684,
            "open_rate": 0.349,
            "click_rate": 0.071,
            "unsubscribed": 2,
        },
    ],
    "exclusions": [
        {"channel": "push", "reason": "no_consent", "count": 500},
        {"channel": "sms", "reason": "frequency_cap", "count": 11},
    ],
}
REVIEW = {
    "campaign": "May Member Day",
    "as_of": "2026-06-01T01:00:00Z",
    "window": "window of 14 days closed",
    "headline": {"verdict": "cannot_tell", "words": "The data cannot tell: -¥45.56 – +¥58.10, best estimate +¥6.27."},
    "metrics": [{"id": "roi", "label": "ROI", "value": 0.5, "words": "-1.2x – +2.2x, best estimate +0.5x"}],
    "channels": [{"channel": "email", "delivered": 340, "open_rate": 0.33, "click_rate": 0.07, "cost_cents": 227}],
    "next_steps": ["Repeat it for about 32,177 members."],
    "notes": [],
}
GROUPS = {
    "count": 66,
    "as_of": "2026-06-01",
    "read_back": "members where tier is platinum",
    "metric": {"fn": "avg", "field": "points_balance"},
    "groups": [{"key": ["Hangzhou"], "value": 812.5, "count": 11}, {"key": [None], "value": None, "count": 3}],
    "groups_total": 2,
}
RANK = {"place": 220, "ranked": 6000, "places": 300, "cut_off": 6531.45}
MEMBERSHIP = {
    "member": {"id": 2, "name": "⟦Li Lei⟧"},
    "is_member": False,
    "as_of": "2026-06-01",
    "read_back": "members where ...",
    "missed": ["age is more than 30"],
    "conditions": [
        {"words": "amount spent is among the top 5%", "value": 7898.21, "verdict": True, "missing": None, "rank": RANK},
        {"words": "age is more than 30", "value": None, "verdict": None, "missing": "age", "rank": None},
    ],
    "rank": None,
}
EDGE = {
    "count": 57,
    "as_of": "2026-06-01",
    "read_back": "members where city is Shanghai; and amount spent is at least 5000",
    "conditions": [{"path": "all[0]", "words": "city is Shanghai", "without": 412, "difference": 355}],
    "just_out": [
        {
            "id": 12,
            "name": "⟦Zhang Min⟧",
            "tier": "gold",
            "city": "Shanghai",
            "words": "amount spent is at least 5000",
            "measured": "amount spent",
            "value": 4950,
            "distance": 50,
            "unit": "money",
        }
    ],
    "just_in": [],
}
ANSWERS: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
    ("create a campaign for platinum members, ¥50 coupon, email and sms", "draft_campaign", CAMPAIGN),
    ("给铂金会员建一个邮件活动，满300减50", "draft_campaign", CAMPAIGN),
    ("show me the outreach plan of 618 Warm-up", "plan_campaign", CAMPAIGN),
    ("how many were excluded from Summer Skincare and why?", "monitor_campaign", MONITOR),
    ("Summer Skincare 现在触达率是多少？", "monitor_campaign", MONITOR),
    ("How did May Member Day do?", "review_campaign", REVIEW),
    ("May Member Day 的复盘", "review_campaign", REVIEW),
    ("average points balance per city", "break_down_segment", GROUPS),
    ("why is Li Lei not in the segment Lapsed Platinum?", "explain_membership", MEMBERSHIP),
    ("为什么李雷不在分群 Lapsed Platinum 里？", "explain_membership", MEMBERSHIP),
    ("who just missed Lapsed Platinum?", "explain_segment", EDGE),
    ("谁差一点就进分群 Lapsed Platinum？", "explain_segment", EDGE),
    ("which condition of the segment Lapsed Platinum costs the most?", "explain_segment", EDGE),
)


@pytest.mark.parametrize(("request_words", "tool", "result"), ANSWERS)
def test_every_figure_of_an_answer_stands_in_the_result(
    request_words: str, tool: str, result: Mapping[str, Any]
) -> None:
    said = Conversation(make_vocabulary(), results={tool: result}).say(request_words)
    assert [call["name"] for call in said.calls] == [tool]
    guard = NumberGuard([json.dumps(result, ensure_ascii=False), "0.5 47.50 2.27"], "en")
    answer = localised(said.text)
    assert guard.feed(answer) + guard.finish() == answer


def localised(answer: str) -> str:
    """Times of day stand in the workspace's zone, eight hours after the result's."""
    return answer.replace("09:00", "01:00").replace("09:10", "01:10")


def test_what_was_not_understood_is_said_first() -> None:
    said = Conversation(make_vocabulary()).say("how many left-handed members in Shanghai")
    assert said.text.startswith("I could not place")
    assert "left" in said.text.splitlines()[0]


def test_a_shortage_and_another_campaign_on_the_same_members_are_said() -> None:
    said = Conversation(make_vocabulary(), results={"plan_campaign": CAMPAIGN}).say("plan of 618 Warm-up")
    assert "729 short" in said.text
    assert "Members also reached by: 618 Warm-up (66)" in said.text


def test_a_comparison_of_campaigns_claims_no_effect() -> None:
    conversation = Conversation(make_vocabulary(), "manager", results={"review_campaign": REVIEW})
    said = conversation.say("compare May Member Day with Spring Refresh on ROI")
    assert [call["args"]["campaign"] for call in said.calls] == ["May Member Day", "Spring Refresh"]
    assert "not an effect" in said.text


def test_an_unknown_name_offers_the_near_ones() -> None:
    error = {"code": "not_found", "message": "there is no campaign Tea Party", "candidates": ["Tea Club Reboot"]}
    said = Conversation(make_vocabulary(), results={"pause_campaign": {"error": error}}).say("pause 'Tea Party'")
    assert said.asked == ["which_campaign"]
    assert "Tea Club Reboot" in said.text


def test_house_rules_are_answered_from_the_result() -> None:
    rules = {"frequency_cap_total_7d": 5, "quiet_hours_start": "21:00", "quiet_hours_end": "08:00"}
    result = {"hits": [], "house_rules": rules}
    said = Conversation(make_vocabulary(), results={"search_insights": result}).say(
        "what's our rule on max messages per member per week?"
    )
    assert "all channels together: 5" in said.text


def test_a_missing_value_is_named_and_a_place_told() -> None:
    conversation = Conversation(make_vocabulary(), results={"explain_membership": MEMBERSHIP})
    said = conversation.say("why is Li Lei not in Lapsed Platinum?").text
    assert "? age is more than 30: age is not known" in said
    assert "place 220 of 6,000; the first 300 are in, down to 6,531.45" in said


def test_a_condition_that_is_not_there_is_said_before_those_that_are() -> None:
    conversation = Conversation(make_vocabulary(), results={"explain_segment": EDGE})
    conversation.say("gold members with no order in 60 days")
    said = conversation.say("and without the city filter?")
    assert said.text.startswith("There is no condition on city.")
    assert "412" in said.text


def test_who_just_missed_a_segment_is_told_with_how_far_he_is_from_it() -> None:
    conversation = Conversation(make_vocabulary(), results={"explain_segment": EDGE})
    assert (
        "Zhang Min (gold, Shanghai): amount spent 4,950, 50 from the line"
        in conversation.say("who just missed Lapsed Platinum?").text
    )


def test_a_share_names_what_it_is_a_share_of() -> None:
    whole = {"count": 900, "share": 0.113, "read_back": "members where tier is gold"}
    result = {"count": 102, "as_of": "2026-06-01", "read_back": "members who fit", "members": [], "share_of": whole}
    conversation = Conversation(make_vocabulary(), results={"query_segment": result})
    said = conversation.say("what share of gold members have ordered in the last 30 days?").text
    assert "**11.3%** of 900 members: members where tier is gold" in said


def test_answers_follow_the_language_of_the_request() -> None:
    assert "102 位会员" in Conversation(make_vocabulary()).say("上海有多少金卡会员").text
    assert "102 members" in Conversation(make_vocabulary()).say("how many gold members in Shanghai").text


@pytest.mark.parametrize(
    "words",
    [
        "给北京的金卡会员建一个满300减40的短信活动，周五上午10点开始，留5%对照组",
        "帮上海的白金会员做一个8折的邮件活动，下周一9点发",
    ],
)
def test_chinese_words_for_making_a_campaign_are_understood(words: str) -> None:
    said = Conversation(make_vocabulary(), results={"draft_campaign": CAMPAIGN}).say(words)
    assert [call["name"] for call in said.calls] == ["draft_campaign"]
    assert "没有理解" not in said.text
