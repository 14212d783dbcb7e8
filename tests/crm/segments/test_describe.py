"""Definitions read back in words that leave nothing open."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm.catalog import CATALOG
from crm.segments.definition import AllOf, Definition, parse_definition
from crm.segments.describe import describe
from crm.segments.scope import SegmentScope

SCOPE = SegmentScope(CATALOG, date(2026, 6, 1), ZoneInfo("Asia/Shanghai"), me_id=1)

READ_BACK: list[tuple[dict[str, Any], str, str]] = [
    (
        {
            "all": [
                {"field": "tier", "op": "in", "value": ["platinum"]},
                {"field": "orders.count", "window_days": 30, "op": "=", "value": 0},
            ]
        },
        "members where tier is platinum; and number of orders in the last 30 days (2026-05-02 to 2026-06-01) is 0",
        "满足以下条件的会员：会员等级为 铂金；且订单数（近 30 天，2026-05-02 至 2026-06-01）等于 0",
    ),
    (
        {"field": "messages.clicked", "op": ">", "value": 1, "channel": "push", "campaign": "618 Warm-up"},
        'members where number of messages clicked (campaign: "618 Warm-up") (channel: push) of all time is more than 1',
        '满足以下条件的会员：点击消息数（活动："618 Warm-up"）（渠道：推送）（累计）大于 1',
    ),
    (
        {"field": "joined_at", "op": ">=", "value": {"months_ago": 3}},
        "members where joining day is on or after 2026-03-01 (3 months ago)",
        "满足以下条件的会员：入会日期不早于 2026-03-01（3 个月前）",
    ),
    (
        {"not": {"field": "age", "op": "<", "value": 30}},
        "members where not (age is less than 30) (where age is known)",
        "满足以下条件的会员：并非（年龄小于 30）（限年龄已知者）",
    ),
    (
        {"field": "city", "op": "not_in", "value": ["Beijing"]},
        "members where city is not Beijing (or is unknown)",
        "满足以下条件的会员：城市不是 Beijing（或未知）",
    ),
    (
        {"order_by": {"field": "orders.spend", "window": {"from": "2026-01-01"}, "dir": "desc"}, "limit": 20},
        "all members, highest amount spent since 2026-01-01 (to 2026-06-01, today) first, only the first 20",
        "全部会员，按消费金额（2026-01-01 起，至今天 2026-06-01）从高到低排列，只取前 20 名",
    ),
]


@pytest.mark.parametrize(("data", "english", "chinese"), READ_BACK)
def test_a_definition_reads_back_in_both_languages(data: dict[str, Any], english: str, chinese: str) -> None:
    definition = parse_definition(data, CATALOG)
    assert describe(definition, SCOPE) == english
    assert describe(definition, SCOPE, language="zh") == chinese


def test_amounts_bear_the_currency_of_the_workspace() -> None:
    definition = parse_definition({"field": "clv", "op": "between", "value": [8000, 12000.5]}, CATALOG)
    assert describe(definition, SCOPE).endswith("is from ¥8,000 to ¥12,000.50")
    francs = SegmentScope(CATALOG, SCOPE.today, SCOPE.zone, currency="CHF")
    assert describe(definition, francs).endswith("is from 8,000 CHF to 12,000.50 CHF")


def test_a_csm_is_told_that_only_his_members_are_meant() -> None:
    own = SegmentScope(CATALOG, SCOPE.today, SCOPE.zone, row_owner_id=1, me_id=1)
    assert describe(Definition(AllOf()), own) == "all members, among the members that you own"


def test_a_word_that_looks_like_the_sentence_stands_in_quotation_marks() -> None:
    one = parse_definition({"field": "city", "op": "in", "value": ["A or B"]}, CATALOG)
    two = parse_definition({"field": "city", "op": "in", "value": ["A", "B"]}, CATALOG)
    assert describe(one, SCOPE) != describe(two, SCOPE)
