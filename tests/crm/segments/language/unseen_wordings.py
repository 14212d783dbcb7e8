"""Wordings written before the reader's answers to them were seen, with what they mean on Monday 2026-06-01.

Each case is (turns, meaning after the last turn). They are kept apart from the development file's wordings, so that
the share read right says something about words nobody tuned the reader for.
"""

from typing import Any

Json = dict[str, Any]


def leaf(field: str, op: str, value: Any, **rest: Any) -> Json:
    return {"field": field, "op": op, "value": value} | rest


def both(*nodes: Json) -> Json:
    return {"all": list(nodes)}


def either(*nodes: Json) -> Json:
    return {"any": list(nodes)}


def meaning(*nodes: Json, **rest: Any) -> Json:
    """A request: its conditions, and order_by, limit, group_by, metric where asked for."""
    return {"semantics": both(*nodes)} | rest


def span(start: str | None, end: str | None) -> Json:
    return {"from": start, "to": end}


def tier(*names: str) -> Json:
    return leaf("tier", "in", list(names))


def city(*names: str) -> Json:
    return leaf("city", "in", list(names))


def orders(op: str, value: Any, **rest: Any) -> Json:
    return leaf("orders.count", op, value, **rest)


def spend(op: str, value: Any, **rest: Any) -> Json:
    return leaf("orders.spend", op, value, **rest)


COUNT = {"fn": "count"}
TODAY = "2026-06-01"
MINE = leaf("csm", "=", "@me")

UNSEEN: list[tuple[tuple[str, ...], Json]] = [
    # who and where
    (("What is the number of platinum customers living in Chengdu?",), meaning(tier("platinum"), city("Chengdu"))),
    (("gold-tier folks based in SH or BJ",), meaning(tier("gold"), city("Shanghai", "Beijing"))),
    (
        ("any bronze member outside the tier-1 cities",),
        meaning(tier("bronze"), leaf("city", "not_in", ["Beijing", "Shanghai", "Guangzhou", "Shenzhen"])),
    ),
    (("list members who are neither gold nor platinum",), meaning(leaf("tier", "not_in", ["gold", "platinum"]))),
    (
        ("male members aged 40 and above in Wuhan",),
        meaning(leaf("gender", "in", ["male"]), leaf("age", ">=", 40), city("Wuhan")),
    ),
    (
        ("women under 25 who are students",),
        meaning(leaf("gender", "in", ["female"]), leaf("age", "<", 25), leaf("tags", "contains_any", ["student"])),
    ),
    (("platinum members over 50 years old",), meaning(tier("platinum"), leaf("age", ">", 50))),
    (
        ("dormant or potential members in Suzhou",),
        meaning(leaf("lifecycle_stage", "in", ["dormant", "potential"]), city("Suzhou")),
    ),
    (("everyone tagged both vegan and runner",), meaning(leaf("tags", "contains_all", ["vegan", "runner"]))),
    (
        ("pet owners in Xiamen without the price-sensitive tag",),
        meaning(
            leaf("tags", "contains_any", ["pet-owner"]),
            city("Xiamen"),
            leaf("tags", "contains_none", ["price-sensitive"]),
        ),
    ),
    (("how many of Helen's members are platinum",), meaning(leaf("csm", "=", "Helen Sun"), tier("platinum"))),
    (("Amy Xu's dormant clients",), meaning(leaf("csm", "=", "Amy Xu"), leaf("lifecycle_stage", "in", ["dormant"]))),
    (("silver and above in Nanjing",), meaning(tier("silver", "gold", "platinum"), city("Nanjing"))),
    # orders, spend, categories
    (
        ("Platinum members with zero orders over the past 6 weeks",),
        meaning(tier("platinum"), orders("=", 0, window_days=42)),
    ),
    (("who has not shopped with us for 120 days?",), meaning(orders("=", 0, window_days=120))),
    (
        ("members who've ordered at least 5 times this year",),
        meaning(orders(">=", 5, window=span("2026-01-01", TODAY))),
    ),
    (("customers that never placed an order",), meaning(orders("=", 0))),
    (
        ("gold members with exactly one purchase in April",),
        meaning(tier("gold"), orders("=", 1, window=span("2026-04-01", "2026-04-30"))),
    ),
    (("people who bought at least twice in Q1",), meaning(orders(">=", 2, window=span("2026-01-01", "2026-03-31")))),
    (
        ("members spending more than 3k in the last 60 days in Hangzhou",),
        meaning(spend(">", 3000, window_days=60), city("Hangzhou")),
    ),
    (("spend of at least 10,000 yuan over the last 12 months",), meaning(spend(">=", 10000, window_months=12))),
    (("those whose lifetime spend is below ¥500",), meaning(spend("<", 500))),
    (
        ("spent between 1k and 2k last month",),
        meaning(spend("between", [1000, 2000], window=span("2026-05-01", "2026-05-31"))),
    ),
    (
        ("bought coffee at least 3 times in the last 90 days",),
        meaning(orders(">=", 3, window_days=90, category="coffee")),
    ),
    (
        ("spent over 800 on skincare this quarter",),
        meaning(spend(">", 800, category="skincare", window=span("2026-04-01", TODAY))),
    ),
    (
        ("bought wine or tea but no snacks in the past 90 days",),
        meaning(
            leaf("orders.category", "contains_any", ["wine", "tea"], window_days=90),
            leaf("orders.category", "contains_none", ["snacks"], window_days=90),
        ),
    ),
    (
        ("people who bought both baby and pet products in last 30 days",),
        meaning(leaf("orders.category", "contains_all", ["baby", "pet"], window_days=30)),
    ),
    (
        ("shoppers of electronics since 1 March who are not blacklisted",),
        meaning(
            leaf("orders.category", "contains_any", ["electronics"], window=span("2026-03-01", TODAY)),
            leaf("blacklisted", "=", False),
        ),
    ),
    (
        ("ordered in March but not in April",),
        meaning(
            orders(">=", 1, window=span("2026-03-01", "2026-03-31")),
            orders("=", 0, window=span("2026-04-01", "2026-04-30")),
        ),
    ),
    (("last order more than 90 days ago",), meaning(leaf("last_order_at", "<", {"days_ago": 90}))),
    (
        ("members whose most recent purchase was before 1 February 2026",),
        meaning(leaf("last_order_at", "<", "2026-02-01")),
    ),
    (
        ("silent for 45 days, silver, Shenzhen",),
        meaning(orders("=", 0, window_days=45), tier("silver"), city("Shenzhen")),
    ),
    # joined, birthday, anniversary
    (("how many signups last week",), meaning(leaf("joined_at", "between", ["2026-05-25", "2026-05-31"]))),
    (
        ("members who registered between 1 Feb and 15 March",),
        meaning(leaf("joined_at", "between", ["2026-02-01", "2026-03-15"])),
    ),
    (
        ("gold members who've been with us for more than 2 years",),
        meaning(tier("gold"), leaf("joined_at", "<", {"years_ago": 2})),
    ),
    (
        ("whose birthday falls in the coming 10 days",),
        meaning(leaf("birthday", "month_day_between", ["06-01", "06-11"])),
    ),
    (
        ("VIPs with a birthday in July",),
        meaning(leaf("lifecycle_stage", "in", ["vip"]), leaf("birthday", "month_day_between", ["07-01", "07-31"])),
    ),
    (
        ("members with a membership anniversary this week",),
        meaning(leaf("joined_at", "anniversary_between", ["06-01", "06-07"])),
    ),
    # scores
    (("points balance under 100",), meaning(leaf("points_balance", "<", 100))),
    (("members holding 5,000+ points in Guangzhou",), meaning(leaf("points_balance", ">=", 5000), city("Guangzhou"))),
    (("high churn risk platinum members",), meaning(tier("platinum"), leaf("churn_risk", ">=", 0.7))),
    (
        ("gold members at medium risk of churn",),
        meaning(tier("gold"), leaf("churn_risk", ">=", 0.4), leaf("churn_risk", "<", 0.7)),
    ),
    (("predicted lifetime value north of 15k",), meaning(leaf("clv", ">", 15000))),
    (
        ("clv of 30k or more and activity going down",),
        meaning(leaf("clv", ">=", 30000), leaf("activity_trend", ">=", 1)),
    ),
    (("activity has declined at least 4 weeks running",), meaning(leaf("activity_trend", ">=", 4))),
    # consent, channels, messages, campaigns, coupons
    (("members who agreed to receive sms",), meaning(leaf("consent.sms", "=", True))),
    (
        ("opted out of email but still ok with push",),
        meaning(leaf("consent.email", "=", False), leaf("consent.push", "=", True)),
    ),
    (
        ("platinum with neither email nor sms consent",),
        meaning(tier("platinum"), leaf("consent.email", "=", False), leaf("consent.sms", "=", False)),
    ),
    (("anyone whose preferred channel is sms or push",), meaning(leaf("preferred_channel", "in", ["sms", "push"]))),
    (("people on the blacklist",), meaning(leaf("blacklisted", "=", True))),
    (("got no messages at all in the last 2 weeks",), meaning(leaf("messages.received", "=", 0, window_days=14))),
    (
        ("received 3+ sms in May",),
        meaning(leaf("messages.received", ">=", 3, channel="sms", window=span("2026-05-01", "2026-05-31"))),
    ),
    (
        ("haven't opened an email in the last 90 days",),
        meaning(leaf("messages.opened", "=", 0, channel="email", window_days=90)),
    ),
    (
        ("opened but didn't click any email in the last 30 days",),
        meaning(
            leaf("messages.opened", ">=", 1, channel="email", window_days=30),
            leaf("messages.clicked", "=", 0, channel="email", window_days=30),
        ),
    ),
    (
        ("members who were in May Member Day or Double Points Week",),
        meaning(leaf("campaign", "in", ["May Member Day", "Double Points Week"])),
    ),
    (
        ("targeted by Spring Refresh yet not by Mother's Day Gifting",),
        meaning(leaf("campaign", "in", ["Spring Refresh"]), leaf("campaign", "not_in", ["Mother's Day Gifting"])),
    ),
    (("not part of any campaign in the last 60 days",), meaning(leaf("campaign", "none", None, window_days=60))),
    (
        ("used at least 2 coupons this year",),
        meaning(leaf("coupon.redeemed", ">=", 2, window=span("2026-01-01", TODAY))),
    ),
    (
        ("gold members who've not redeemed any coupon in the last 6 months",),
        meaning(tier("gold"), leaf("coupon.redeemed", "=", 0, window_months=6)),
    ),
    # or, except, nesting
    (("platinum members, or anyone with clv above 20k",), meaning(either(tier("platinum"), leaf("clv", ">", 20000)))),
    (
        ("gold members who opened an email or clicked a push in the last 30 days",),
        meaning(
            tier("gold"),
            either(
                leaf("messages.opened", ">=", 1, channel="email", window_days=30),
                leaf("messages.clicked", ">=", 1, channel="push", window_days=30),
            ),
        ),
    ),
    (
        ("gold in Shanghai plus platinum in Beijing",),
        meaning(either(both(tier("gold"), city("Shanghai")), both(tier("platinum"), city("Beijing")))),
    ),
    (
        ("all silver members except those in Tianjin and Qingdao",),
        meaning(tier("silver"), leaf("city", "not_in", ["Tianjin", "Qingdao"])),
    ),
    (("everyone except blacklisted members",), meaning(leaf("blacklisted", "=", False))),
    (
        ("haven't ordered or opened an email in 60 days",),
        meaning(orders("=", 0, window_days=60), leaf("messages.opened", "=", 0, channel="email", window_days=60)),
    ),
    # order, limit, groups
    (
        ("give me the 50 gold members with the highest CLV",),
        meaning(tier("gold"), order_by={"field": "clv", "dir": "desc"}, limit=50),
    ),
    (
        ("platinum members sorted by churn risk, highest first",),
        meaning(tier("platinum"), order_by={"field": "churn_risk", "dir": "desc"}),
    ),
    (
        ("10 members with the lowest points balance in Wuxi",),
        meaning(city("Wuxi"), order_by={"field": "points_balance", "dir": "asc"}, limit=10),
    ),
    (
        ("who are the 5 biggest spenders of the past 90 days",),
        meaning(order_by={"field": "orders.spend", "window_days": 90, "dir": "desc"}, limit=5),
    ),
    (
        ("number of dormant members in each city",),
        meaning(leaf("lifecycle_stage", "in", ["dormant"]), group_by=["city"], metric=COUNT),
    ),
    (("gold members by city and gender",), meaning(tier("gold"), group_by=["city", "gender"], metric=COUNT)),
    (
        ("average clv by lifecycle stage for platinum",),
        meaning(tier("platinum"), group_by=["lifecycle_stage"], metric={"fn": "avg", "field": "clv"}),
    ),
    (
        ("total spend per tier in the last 30 days",),
        meaning(group_by=["tier"], metric={"fn": "sum", "field": "orders.spend", "window_days": 30}),
    ),
    (
        ("median points balance across cities",),
        meaning(group_by=["city"], metric={"fn": "median", "field": "points_balance"}),
    ),
    (("what's the tier mix of members in Shanghai",), meaning(city("Shanghai"), group_by=["tier"], metric=COUNT)),
    # Chinese
    (("上海有多少金卡会员？",), meaning(city("Shanghai"), tier("gold"))),
    (
        ("最近三个月没有购买过护肤品的铂金会员",),
        meaning(tier("platinum"), leaf("orders.category", "contains_none", ["skincare"], window_months=3)),
    ),
    (
        ("积分超过2000的沉睡会员",),
        meaning(leaf("points_balance", ">", 2000), leaf("lifecycle_stage", "in", ["dormant"])),
    ),
    (("本月生日的银卡会员有哪些",), meaning(leaf("birthday", "month_day_between", ["06-01", "06-30"]), tier("silver"))),
    (
        ("今年注册的会员按渠道偏好分布",),
        meaning(leaf("joined_at", "between", ["2026-01-01", TODAY]), group_by=["preferred_channel"], metric=COUNT),
    ),
    (("同意接收短信但退订邮件的会员",), meaning(leaf("consent.sms", "=", True), leaf("consent.email", "=", False))),
    (
        ("近半年买过咖啡或茶、不在北京的女性会员",),
        meaning(
            leaf("orders.category", "contains_any", ["coffee", "tea"], window_months=6),
            leaf("city", "not_in", ["Beijing"]),
            leaf("gender", "in", ["female"]),
        ),
    ),
    (("消费金额最高的前10名会员",), meaning(order_by={"field": "orders.spend", "dir": "desc"}, limit=10)),
    (("流失风险高的金卡会员",), meaning(tier("gold"), leaf("churn_risk", ">=", 0.7))),
    (
        ("25到35岁的女性会员，近30天下单两次以上",),
        meaning(leaf("age", "between", [25, 35]), leaf("gender", "in", ["female"]), orders(">=", 2, window_days=30)),
    ),
    (("我名下不在黑名单里的会员",), meaning(MINE, leaf("blacklisted", "=", False))),
    (("各等级的平均积分",), meaning(group_by=["tier"], metric={"fn": "avg", "field": "points_balance"})),
    # turns
    (("gold members in Hangzhou", "what about silver?"), meaning(tier("silver"), city("Hangzhou"))),
    (
        ("how many bronze members bought tea in the last 30 days", "and in the last 90?"),
        meaning(tier("bronze"), leaf("orders.category", "contains_any", ["tea"], window_days=90)),
    ),
    (
        ("platinum members in Beijing with clv over 10k", "without the city filter"),
        meaning(tier("platinum"), leaf("clv", ">", 10000)),
    ),
    (
        ("dormant members by tier", "split that by city instead"),
        meaning(leaf("lifecycle_stage", "in", ["dormant"]), group_by=["city"], metric=COUNT),
    ),
    (
        ("members who joined this month", "just the women", "sort them by clv"),
        meaning(
            leaf("joined_at", "between", ["2026-06-01", TODAY]),
            leaf("gender", "in", ["female"]),
            order_by={"field": "clv", "dir": "desc"},
        ),
    ),
    (
        ("show gold members with over 3000 points", "sorry, I meant silver"),
        meaning(tier("silver"), leaf("points_balance", ">", 3000)),
    ),
    (
        ("list platinum members in Shanghai", "exclude those who bought in the last 30 days", "top 10 by clv"),
        meaning(
            tier("platinum"),
            city("Shanghai"),
            orders("=", 0, window_days=30),
            order_by={"field": "clv", "dir": "desc"},
            limit=10,
        ),
    ),
    (
        ("how many gold members opened an email in May?", "and how many didn't?"),
        meaning(
            tier("gold"), leaf("messages.opened", "=", 0, channel="email", window=span("2026-05-01", "2026-05-31"))
        ),
    ),
    (("金卡会员有多少", "其中上海的呢", "换成北京"), meaning(tier("gold"), city("Beijing"))),
    (("近30天消费超过1000的会员", "改成60天"), meaning(spend(">", 1000, window_days=60))),
]
