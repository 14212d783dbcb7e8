"""An approval is bound to exactly what was approved: any change of a bound item shows."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crm.access.approvals import fingerprint_of
from crm.campaigns.brief import CampaignBrief, parse_brief
from crm.campaigns.fingerprint import brief_parts

BRIEF: dict[str, Any] = {
    "name": "Spring",
    "audience": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]},
    "channels": ["email", "sms"],
    "offers": [{"kind": "amount_off", "value": 50, "coupon_code": "C50"}],
    "start": "2026-06-05T10:00",
    "end": "2026-06-30",
    "steps": [{"key": "main", "offset_days": 0}],
    "copy_texts": [{"channel": "email", "subject": "Hello", "body": "You get {{ offer }}"}],
    "budget_cents": 100_000,
    "holdout_pct": 10,
}
CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.text(min_size=1, max_size=20),
    "audience": st.lists(st.sampled_from(["gold", "silver", "bronze"]), min_size=1, max_size=3).map(
        lambda tiers: {"all": [{"field": "tier", "op": "in", "value": tiers}]}
    ),
    "exclude_campaigns": st.lists(st.sampled_from(["Old", "Older"]), max_size=2, unique=True),
    "channels": st.lists(st.sampled_from(["email", "sms", "push"]), min_size=1, max_size=3, unique=True),
    "offers": st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.just("amount_off"),
                "value": st.integers(1, 99),
                "coupon_code": st.sampled_from(["C50", "C51"]),
            },
            optional={"min_spend": st.integers(200, 300)},
        ),
        max_size=2,
    ),
    "start": st.none() | st.integers(1, 28).map(lambda day: f"2026-06-{day:02}T10:00:00"),
    "end": st.none() | st.integers(1, 31).map(lambda day: f"2026-07-{day:02}"),
    "steps": st.lists(st.integers(0, 9), min_size=1, max_size=3).map(
        lambda days: [{"key": f"s{n}", "offset_days": day} for n, day in enumerate(days)]
    ),
    "copy_texts": st.lists(
        st.fixed_dictionaries({"channel": st.sampled_from(["email", "sms"]), "body": st.text(min_size=1, max_size=9)}),
        max_size=2,
    ),
    "budget_cents": st.none() | st.integers(1, 10**6),
    "holdout_pct": st.sampled_from([0.0, 5.0, 10.0, 20.0]),
    "attribution_window_days": st.integers(1, 30),
}


def fingerprint(brief: CampaignBrief) -> str:
    return fingerprint_of(brief_parts(brief))


def plain(brief: CampaignBrief) -> dict[str, Any]:
    return brief.model_dump(mode="json")


@given(st.data())
def test_any_change_of_a_bound_item_changes_the_fingerprint(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CHANGES)))
    before = parse_brief(BRIEF)
    after = before.changed({name: data.draw(CHANGES[name])})
    same = plain(after)[name] == plain(before)[name]
    # Words for a channel that is not used any more, and none for one that is, change what is said.
    assert (fingerprint(after) == fingerprint(before)) is same or name == "copy_texts"


def test_words_for_a_channel_in_use_are_bound() -> None:
    before = parse_brief(BRIEF)
    after = before.changed({"copy_texts": [{"channel": "email", "subject": "Hello", "body": "You get {{ offer }}!"}]})
    assert fingerprint(after) != fingerprint(before)


def test_reading_a_stored_brief_again_changes_nothing() -> None:
    brief = parse_brief(BRIEF)
    assert fingerprint(parse_brief(plain(brief))) == fingerprint(brief)
