"""Templates can be walked as they stand, in both languages and with every choice; words and differences of journeys."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from crm.catalog import CATALOG
from crm.differences import differences
from crm.errors import NotFound
from crm.journeys.template_texts import Language
from crm.journeys.templates import TEMPLATES, TemplateChoices, TemplateKey, from_template
from crm.journeys.validation import spec_errors
from crm.journeys.words import journey_in_words
from crm.outreach.spec import BranchStep, EventMatch, JourneySpec, OnKeyDate, SplitStep, WaitStep, Way
from crm.segments.scope import open_scope
from tests.journeys import send_step

NOW = datetime(2026, 6, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", list(TEMPLATES))
def test_a_template_can_be_walked_with_every_choice(key: TemplateKey, language: Language) -> None:
    for choices in (
        TemplateChoices(language=language),
        TemplateChoices(
            name="Mine",
            language=language,
            stages=("dormant", "potential"),
            tiers=("gold",),
            channels=("sms", "email"),
            offer="15% off",
            coupon_codes=("C15",),
            days=5,
        ),
    ):
        assert spec_errors(from_template(key, choices), CATALOG) == []


def test_only_the_step_that_offers_brings_the_offer() -> None:
    spec = from_template("birthday", TemplateChoices(offer="15% off", coupon_codes=("C15",)))
    assert [(step.key, spec.benefits_of(step).words) for step in spec.sends] == [
        ("warm-up", "15% off"),
        ("birthday", ""),
    ]
    with pytest.raises(NotFound, match="welcome, reactivation, birthday"):
        from_template("easter")


def test_every_kind_of_step_is_said_in_words_with_its_ways(session: Session) -> None:
    gold = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    spec = JourneySpec(
        name="All",
        experiment="all",
        trigger=OnKeyDate(date="joined", every_months=6, days_before=3, entry=gold),
        steps=(
            WaitStep(key="monday", until_time="10:00", weekday="monday"),
            SplitStep(key="ab", ways=(Way(to="a", weight=3), Way(to="look", weight=1))),
            send_step("a", "email", "sms"),
            BranchStep(key="look", event=EventMatch(events=("ordered",), category="tea"), then="day"),
            WaitStep(key="pause", hours=36),
            WaitStep(key="day", until_key_date=2, at="09:00"),
        ),
    )
    words = journey_in_words(spec, open_scope(session, CATALOG, NOW, row_owner_id=None, me_id=None))
    assert words.trigger == (
        "3 days before the day of joining (every 6 months) at 09:00; only members where tier is gold"
    )
    assert [step.words for step in words.steps] == [
        "Wait until Monday 10:00",
        "Split by chance into 2 ways",
        "Send by e-mail, SMS",
        "Look whether the member orders tea after entering",
        "Wait 36 hours",
        "Wait until 2 days after the day at 09:00",
    ]
    assert [(way.label, way.to) for step in words.steps for way in step.ways if way.label] == [
        ("75%", "a"),
        ("25%", "look"),
        ("yes", "day"),
        ("no", "pause"),
    ]
    assert (
        journey_in_words(spec, open_scope(session, CATALOG, NOW, row_owner_id=None, me_id=None), language="zh")
        .steps[4]
        .words
        == "等待 36 小时"
    )


def test_differences_name_steps_by_their_keys() -> None:
    old = from_template("reactivation", TemplateChoices(days=7)).model_dump(mode="json")
    new = from_template("reactivation", TemplateChoices(days=10)).model_dump(mode="json")
    new["steps"] = [*new["steps"][:2], new["steps"][3]]
    found = {(each.path, each.change): (each.before, each.after) for each in differences(old, new)}
    assert found["steps.answer.timeout.days", "changed"] == (7, 10)
    assert ("steps.ask-csm", "removed") in found
    assert len(found) == 2
