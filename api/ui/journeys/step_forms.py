"""How each kind of step looks in the designer, and its form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from api.ui import formats
from api.ui.journeys.draft import Draft
from api.ui.journeys.inputs import (
    Changed,
    Choices,
    Json,
    choice_input,
    event_inputs,
    number_input,
    put,
    several_input,
    text_input,
    words_input,
)
from api.ui.journeys.who_input import WhoInput
from api.ui.segments.asking import Ground
from api.ui.theme import block, quiet, text
from crm.channels import SENDABLE_CHANNELS
from crm.outreach.spec import WEEKDAYS
from crm.outreach.template import FIELDS

_CHANNELS = {"preferred": "Each member's own"} | {
    channel.value: formats.channel(channel) for channel in SENDABLE_CHANNELS
}
_WAITS: Mapping[str, tuple[str, Json]] = {
    "length": ("a length of time", {"days": 3}),
    "time": ("a time of day", {"until_time": "09:00"}),
    "key_date": ("a day around the key date", {"until_key_date": 0, "at": "09:00"}),
    "event": ("something that the member does", {"until_event": {"events": ["ordered"]}, "timeout": {"days": 7}}),
}
_OF_WAITS = ("days", "hours", "minutes", "until_time", "weekday", "until_key_date", "at", "until_event", "timeout")


@dataclass(frozen=True)
class Setting:
    """What forms of steps need beside the step itself."""

    draft: Draft
    ground: Ground
    choices: Choices
    changed: Changed
    redraw: Changed
    """To be called when the form itself changes its shape."""


def _send(step: Json, setting: Setting) -> None:
    with block("line flow tight"):
        channels = several_input(step, "channels", "Channels", _CHANNELS, setting.changed)
        channels.on_value_change(lambda event: _choose_channels(step, event.value or [], setting))
        _offer_switch(step, setting)
        _next(step, setting)
    for channel in _possible(step):
        for wording in _wordings(step, channel):
            _wording(wording, setting)
    fields = ", ".join(f"{{{{ {name} }}}} {meaning}" for name, meaning in FIELDS.items())
    text(f"Fields: {fields}.", "small faint wrap")


def _choose_channels(step: Json, chosen: list[str], setting: Setting) -> None:
    """The member's own stands alone: whichever was chosen last counts."""
    if "preferred" in chosen and len(chosen) > 1:
        put(step, "channels", ["preferred"] if chosen[-1] == "preferred" else [c for c in chosen if c != "preferred"])
    setting.redraw()


def _possible(step: Json) -> list[str]:
    channels = step.get("channels") or []
    return [channel.value for channel in SENDABLE_CHANNELS if "preferred" in channels or channel.value in channels]


def _wordings(step: Json, channel: str) -> list[Json]:
    """The texts of a channel; an empty one where there is none yet."""
    texts: list[Json] = step.setdefault("wordings", [])
    own = [wording for wording in texts if wording.get("channel") == channel]
    if not own:
        own = [{"channel": channel, "body": ""}]
        texts += own
    return own


def _wording(wording: Json, setting: Setting) -> None:
    variant = f", variant {wording['variant']}" if wording.get("variant", "A") != "A" else ""
    with block("message-preview").props(f'role=group aria-label="{formats.channel(wording["channel"])}"'):
        text(f"{formats.channel(wording['channel'])}{variant}", "small strong")
        if wording["channel"] != "sms":
            words_input(wording, "subject", "Subject", setting.changed).classes("full-width")
        body = ui.textarea("Text", value=wording.get("body", "")).props("autogrow").classes("full-width")

        def write(value: str | None) -> None:
            wording["body"] = value or ""
            setting.changed()

        body.on_value_change(lambda event: write(event.value))


def _offer_switch(step: Json, setting: Setting) -> None:
    if not (setting.draft.data.get("benefits") or {}).get("words"):
        return
    own = step.get("benefits")

    def choose(*, brings: bool) -> None:
        step.pop("benefits", None)
        if not brings:
            step["benefits"] = {}
        setting.changed()

    box = ui.checkbox("Brings the offer", value=own is None or bool(own.get("words")))
    box.on_value_change(lambda event: choose(brings=bool(event.value)))


def wait_mode(step: Json) -> str:
    for mode, key in (("event", "until_event"), ("time", "until_time"), ("key_date", "until_key_date")):
        if step.get(key) is not None:
            return mode
    return "length"


def _wait(step: Json, setting: Setting) -> None:
    mode = wait_mode(step)
    with block("line flow tight"):
        modes = {name: words for name, (words, _) in _WAITS.items()}
        choice = ui.select(modes, value=mode, label="Until").style("min-width: 220px")
        choice.on_value_change(lambda event: _choose_wait(step, event.value, setting))
        if mode == "length":
            for unit in ("days", "hours", "minutes"):
                number_input(step, unit, formats.words(unit), setting.changed, high=100_000)
        elif mode == "time":
            words_input(step, "until_time", "Time, e.g. 09:00", setting.changed).style("width: 130px")
            days = {"": "any day"} | {day: formats.words(day) for day in WEEKDAYS}
            choice_input(step, "weekday", "On", days, setting.changed)
        elif mode == "key_date":
            _key_date(step, setting)
        if mode != "event":
            _next(step, setting)
    if mode == "event":
        _until_event(step, setting)


def _key_date(step: Json, setting: Setting) -> None:
    box = ui.number("Days after (- before)", value=step.get("until_key_date", 0), min=-366, max=366, precision=0)

    def write(value: float | None) -> None:
        step["until_key_date"] = int(value or 0)
        setting.changed()

    box.style("width: 160px").on_value_change(lambda event: write(event.value))
    words_input(step, "at", "Time, e.g. 09:00", setting.changed).style("width: 130px")


def _until_event(step: Json, setting: Setting) -> None:
    with block("line flow tight"):
        event_inputs(step, "until_event", setting.changed, sends=_sends(setting), choices=setting.choices)
    timeout: Json = step.setdefault("timeout", {})
    with block("line flow tight"):
        number_input(timeout, "days", "At most, days", setting.changed)
        number_input(timeout, "hours", "Hours", setting.changed)
        _next(step, setting, label="When it came, go to")
        choice_input(step, "on_timeout", "When it did not, go to", _ways(setting, step), setting.changed)


def _choose_wait(step: Json, mode: str, setting: Setting) -> None:
    for key in (*_OF_WAITS, "on_timeout"):
        step.pop(key, None)
    step |= {key: dict(value) if isinstance(value, dict) else value for key, value in _WAITS[mode][1].items()}
    setting.redraw()


def _branch(step: Json, setting: Setting) -> None:
    is_event = "definition" not in step
    choice = ui.select(
        {"event": "Did the member do something?", "definition": "Is the member one of …?"},
        value="event" if is_event else "definition",
        label="Look whether",
    )
    choice.on_value_change(lambda event: _choose_branch(step, event.value, setting))
    if is_event:
        with block("line flow tight"):
            event_inputs(step, "event", setting.changed, sends=_sends(setting), choices=setting.choices)
    else:
        WhoInput(step, "definition", "Members who", setting.ground, setting.changed, everyone={"all": []})
    with block("line flow tight"):
        named = {key: key for key in setting.draft.keys if key != step.get("key")}
        choice_input(step, "then", "If so, go to", named, setting.changed)
        _next(step, setting, key="otherwise", label="If not, go to")


def _choose_branch(step: Json, asked: str, setting: Setting) -> None:
    step.pop("event", None)
    step.pop("definition", None)
    step |= {"event": {"events": ["ordered"]}} if asked == "event" else {"definition": {"all": []}}
    setting.redraw()


def _split(step: Json, setting: Setting) -> None:
    ways: list[Json] = step.setdefault("ways", [])
    named = {key: key for key in setting.draft.keys if key != step.get("key")}
    for way in ways:
        with block("line flow tight"):
            choice_input(way, "to", "Go to", named, setting.changed)
            number_input(way, "weight", "Weight", setting.changed, low=1, high=10_000)
            quiet("Remove way", lambda way=way: _drop_way(ways, way, setting), symbol="close").props("dense size=sm")
    quiet("Add way", lambda: _add_way(ways, setting), symbol="add").props("dense size=sm").classes("start")


def _add_way(ways: list[Json], setting: Setting) -> None:
    ways.append({"to": setting.draft.keys[-1], "weight": 1})
    setting.redraw()


def _drop_way(ways: list[Json], way: Json, setting: Setting) -> None:
    ways.remove(way)
    setting.redraw()


def _task(step: Json, setting: Setting) -> None:
    with block("line flow tight"):
        words_input(step, "title", "What to do", setting.changed).classes("grow")
        number_input(step, "due_in_days", "Due in days", setting.changed, default=3, high=365)
        _next(step, setting)
    text_input(step, "note", "More about it, for the customer success manager", setting.changed)


def _end(_step: Json, _setting: Setting) -> None:
    text("The member has walked through.", "small muted")


def _next(step: Json, setting: Setting, *, key: str = "next", label: str = "Then go to") -> None:
    choice_input(step, key, label, _ways(setting, step), setting.changed)


def _ways(setting: Setting, step: Mapping[str, Any]) -> dict[str, str]:
    return {"": "the next step"} | {key: key for key in setting.draft.keys if key and key != step.get("key")}


def _sends(setting: Setting) -> list[str]:
    return [str(step.get("key")) for step in setting.draft.steps if step.get("kind") == "send"]


@dataclass(frozen=True)
class StepForm:
    """How a kind of step looks, and its form."""

    symbol: str
    words: str
    draw: Callable[[Json, Setting], None]


STEP_FORMS: Mapping[str, StepForm] = {
    "send": StepForm("send", "Send a message", _send),
    "wait": StepForm("hourglass_empty", "Wait", _wait),
    "branch": StepForm("call_split", "Look and decide", _branch),
    "split": StepForm("shuffle", "Split by chance", _split),
    "task": StepForm("assignment_ind", "Give a task", _task),
    "end": StepForm("flag", "End", _end),
}
