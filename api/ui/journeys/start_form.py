"""The forms of what is said once for a whole journey: name, start, who may enter, offer, early end."""

from collections.abc import Mapping

from nicegui import ui

from api.ui import formats
from api.ui.journeys.inputs import (
    Json,
    choice_input,
    event_inputs,
    event_words,
    number_input,
    put,
    several_input,
    words_input,
)
from api.ui.journeys.step_forms import Setting
from api.ui.journeys.trigger_words import TRIGGER_WORDS
from api.ui.journeys.who_input import WhoInput
from api.ui.theme import block, text
from crm.catalog import CATALOG
from crm.lifecycle.models import STAGES

_STAGES: Mapping[str, str] = {stage: formats.words(stage) for stage in STAGES}
_DATES = {key_date.name: key_date.label for key_date in CATALOG.key_dates.values()}
_REENTRY = {
    "": "as usual for its start",
    "once": "only once",
    "after_days": "again after some days",
    "each_occurrence": "each time",
}
_PRIORITIES = {"service": "Service: never held back", "care": "Care: before campaigns", "campaign": "Campaign"}
_LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT_HOLDOUT = 0.1


def draw_basics(setting: Setting) -> None:
    data = setting.draft.data
    with block("line flow tight"):
        words_input(data, "name", "Name", setting.changed).classes("grow").props("maxlength=80").style(
            "min-width: 240px"
        )
        choice_input(data, "language", "Language of the texts", _LANGUAGES, setting.changed, default="en")
        choice_input(data, "priority", "Priority", _PRIORITIES, setting.changed, default="campaign")
        _holdout(data, setting)


def _holdout(data: Json, setting: Setting) -> None:
    share = float(data.get("holdout_share", DEFAULT_HOLDOUT))
    box = ui.number("Held back, %", value=round(share * 100, 2), min=0, max=50).style("width: 120px")

    def write(value: float | None) -> None:
        data["holdout_share"] = (value or 0) / 100
        setting.changed()

    box.on_value_change(lambda event: write(event.value))


def draw_start(setting: Setting) -> None:
    trigger: Json = setting.draft.data["trigger"]
    with block("line flow tight"):
        kind = ui.select(dict(TRIGGER_WORDS), value=trigger.get("kind"), label="Members enter on")
        kind.style("min-width: 220px").on_value_change(lambda event: _start_on(event.value, setting))
        _trigger(trigger, setting)
        _reentry(setting)
    if trigger["kind"] == "audience_at_launch":
        WhoInput(trigger, "definition", "Members who", setting.ground, setting.changed, everyone={"all": []})
    else:
        WhoInput(trigger, "entry", "Only members who (optional)", setting.ground, setting.changed)


def _start_on(kind: str, setting: Setting) -> None:
    setting.draft.start_on(kind)
    setting.redraw()


def _trigger(trigger: Json, setting: Setting) -> None:
    if trigger["kind"] == "stage_entered":
        several_input(trigger, "stages", "Stages", _STAGES, setting.changed)
    elif trigger["kind"] == "event":
        event_inputs(trigger, "event", setting.changed, sends=(), choices=setting.choices, is_trigger=True)
    elif trigger["kind"] == "key_date":
        choice_input(trigger, "date", "Which date", _DATES, setting.changed, default="birthday")
        number_input(trigger, "days_before", "Days before", setting.changed, default=0, high=60)
        words_input(trigger, "at", "Time, e.g. 09:00", setting.changed).style("width: 130px")


def _reentry(setting: Setting) -> None:
    data = setting.draft.data
    rule: Json = data.get("reentry") or {}
    choice = ui.select(dict(_REENTRY), value=rule.get("rule", ""), label="The same member").style("min-width: 180px")

    def choose(value: str) -> None:
        put(data, "reentry", {"rule": value, **({"days": 90} if value == "after_days" else {})} if value else None)
        setting.redraw()

    choice.on_value_change(lambda event: choose(event.value))
    if rule.get("rule") == "after_days":
        number_input(rule, "days", "Days", setting.changed, low=1)


def draw_offer(setting: Setting, coupons: dict[str, str]) -> None:
    """What the journey gives; every step may bring it or not."""
    data = setting.draft.data
    benefits: Json = dict(data.get("benefits") or {})

    def changed() -> None:
        put(data, "benefits", {key: value for key, value in benefits.items() if value})
        setting.changed()

    with block("line flow tight"):
        box = words_input(benefits, "words", "Offer in words", changed, placeholder="15% off").classes("grow")
        box.on("blur", setting.redraw)
        several_input(benefits, "coupon_codes", "Coupons that stand behind it", coupons, changed).classes("grow")


def draw_exits(setting: Setting) -> None:
    """Events that end it early; conditions on members are kept, and changed in the JSON."""
    data = setting.draft.data
    rules: list[Json] = list(data.get("exits") or ())
    kept = [rule for rule in rules if not rule.get("event")]
    chosen = [name for rule in rules if rule.get("event") for name in rule["event"].get("events", ())]
    box = ui.select(event_words(is_trigger=False), value=chosen, label="Ends early when the member has", multiple=True)
    box.props("use-chips").classes("full-width")

    def choose(names: list[str]) -> None:
        put(data, "exits", kept + ([{"event": {"events": names}}] if names else []))
        setting.changed()

    box.on_value_change(lambda event: choose(list(event.value or ())))
    if kept:
        text(f"{formats.plural(len(kept), 'condition')} on members beside it; see the JSON.", "small muted")
