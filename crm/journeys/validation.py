"""What is wrong with a journey, all of it at once, each with its place and a sentence that says what would be right."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pydantic import ValidationError

from crm import validation_messages
from crm.errors import InvalidRequest
from crm.events import Event
from crm.fields import Catalog
from crm.journeys.graph import END, Graph, kind_of, read_graph, takes_time, ways_of
from crm.journeys.steps.kind import Data, SpecError
from crm.journeys.steps.registry import STEP_KINDS
from crm.outreach.spec import JourneySpec
from crm.segments.definition import WHOLE, Definition, parse_definition
from crm.segments.values import near

_TAGS = frozenset(STEP_KINDS)
_TRIGGERS = frozenset({"audience_at_launch", "key_date", "stage_entered", "event", "by_hand"})
LEAST_HOLDOUT_SHARE = 0.01


@dataclass(frozen=True)
class ReadSpec:
    """A spec with its definitions read, or what is wrong with it."""

    spec: JourneySpec | None
    """None when anything is wrong with its form."""
    definitions: Mapping[str, Definition]
    """By path, e.g. `trigger.definition`; those that can be read."""
    errors: tuple[SpecError, ...]
    """In reading order of its parts, each once."""


def read_spec(data: JourneySpec | Data, catalog: Catalog, *, is_planned: bool = False) -> ReadSpec:
    """Read a spec, its definitions included. What is planned whole has no ways, and its texts are read with its
    offers (`house_rules.py`)."""
    plain = data.model_dump(mode="json") if isinstance(data, JourneySpec) else data
    definitions, wrong = _read_definitions(plain, catalog)
    found = [*(_of_shape(plain) if plain is data else ()), *(() if is_planned else _of_walking(plain, catalog)), *wrong]
    errors = tuple(dict.fromkeys(found))
    if errors:
        return ReadSpec(None, definitions, errors)
    return ReadSpec(data if isinstance(data, JourneySpec) else JourneySpec.model_validate(data), definitions, ())


def spec_errors(spec: JourneySpec | Data, catalog: Catalog) -> list[SpecError]:
    """Everything that keeps a journey from being walked, in reading order of its parts; empty when it can be."""
    return list(read_spec(spec, catalog).errors)


def _of_walking(data: Data, catalog: Catalog) -> Iterator[SpecError]:
    steps = _steps(data)
    graph = read_graph(steps)
    yield from chain(
        _of_a_campaign(data),
        _of_holdout(data),
        _of_keys(steps, graph),
        _of_ways(steps, graph),
        _of_circles(steps, graph),
        _of_key_dates(data, steps, graph, catalog),
        chain.from_iterable(_of_kind(data, step, index) for index, step in enumerate(steps)),
        _of_events(data, steps, catalog),
    )


def parse_journey(data: Data, catalog: Catalog) -> JourneySpec:
    """Read the JSON form. Raises InvalidRequest with every mistake in its message, `path` that of the first."""
    mistakes = spec_errors(data, catalog)
    if mistakes:
        listed = "; ".join(f"{mistake.path}: {mistake.sentence}" for mistake in mistakes)
        raise InvalidRequest(listed, path=mistakes[0].path)
    return JourneySpec.model_validate(data)


def _steps(data: Data) -> list[Data]:
    steps = data.get("steps")
    return [step for step in steps if isinstance(step, Mapping)] if isinstance(steps, list | tuple) else []


def _of_shape(data: Data) -> Iterator[SpecError]:
    try:
        JourneySpec.model_validate(data)
    except ValidationError as error:
        wrong = [each["loc"] for each in error.errors(include_url=False)]
        for each in error.errors(include_url=False):
            # The whole is asked about below, with places; and parts that are wrong are not missing.
            is_counted = each["type"] == "too_short" and any(
                loc != each["loc"] and loc[: len(each["loc"])] == each["loc"] for loc in wrong
            )
            # Where none was given, it is drawn by the name.
            is_name = each["loc"] == ("experiment",) and data.get("experiment") == data.get("name")
            if each["loc"] and not is_counted and not is_name:
                yield SpecError(_path(each["loc"]), re.sub(r"^step \S+? ?: ", "", validation_messages.sentence(each)))


def _path(loc: Sequence[int | str]) -> str:
    path = ""
    for before, part in zip((None, *loc), loc, strict=False):
        if isinstance(part, int):
            path += f"[{part}]"
        elif not ((isinstance(before, int) and part in _TAGS) or (before == "trigger" and part in _TRIGGERS)):
            path += f".{part}" if path else part
    return path


def _of_a_campaign(data: Data) -> Iterator[SpecError]:
    """What belongs to a journey that is planned whole."""
    trigger, steps = data.get("trigger"), _steps(data)
    is_audience = isinstance(trigger, Mapping) and trigger.get("kind") == "audience_at_launch"
    only_sends = all(step.get("kind") == "send" for step in steps)
    if is_audience and only_sends and not data.get("exits") and not data.get("reentry"):
        yield SpecError("trigger", "a journey that only sends to an audience is a campaign: draft it as one")
    for index, step in enumerate(steps):
        for name in ("offset_days", "at"):
            if step.get("kind") == "send" and step.get(name):
                yield SpecError(
                    f"steps[{index}].{name}", "put a wait before the step: it is sent when members come to it"
                )


def _of_holdout(data: Data) -> Iterator[SpecError]:
    """Nobody means a thousandth: it holds nobody out, and no effect is ever seen."""
    share = data.get("holdout_share")
    if isinstance(share, int | float) and 0 < share < LEAST_HOLDOUT_SHARE:
        yield SpecError(
            "holdout_share",
            f"a holdout share of {share:g} is {share * 100:g}% of the members; is {share * 100:g}% meant, or "
            f"{share * 10_000:g}%? A share is a part of 1, so a tenth is 0.1, and the least is {LEAST_HOLDOUT_SHARE:g}",
        )


def _of_keys(steps: Sequence[Data], graph: Graph) -> Iterator[SpecError]:
    for index, key in enumerate(graph.keys):
        if key in graph.keys[:index]:
            yield SpecError(f"steps[{index}].key", f"there is a step {key!r} already; each needs a key of its own")
    for index, step in enumerate(steps):
        for way in ways_of(step, f"steps[{index}]"):
            if way.to is not None and way.to not in graph.keys:
                yield SpecError(way.path, _no_such_step(way.to, graph.keys))


def _no_such_step(key: object, keys: Sequence[str]) -> str:
    return f"there is no step {key!r}; the nearest are {', '.join(near(str(key), keys)) or ', '.join(keys)}"


def _of_ways(steps: Sequence[Data], graph: Graph) -> Iterator[SpecError]:
    if not steps:
        return
    reachable = graph.reachable()
    for index, key in enumerate(graph.keys):
        path = f"steps[{index}]"
        if index not in reachable and key not in graph.keys[:index]:
            yield SpecError(path, f"nobody ever comes to step {key!r}: no step leads there; name it as the next of one")
    stuck = [index for index in sorted(reachable - {END}) if END not in graph.reachable(index)]
    if stuck:
        keys = ", ".join(graph.keys[index] for index in stuck)
        yield SpecError(f"steps[{stuck[0]}]", f"no way leads out of {keys}: let one of them lead to an end")


def _of_circles(steps: Sequence[Data], graph: Graph) -> Iterator[SpecError]:
    waits = [index for index, step in enumerate(steps) if takes_time(step)]
    at_once = sorted(graph.circles(without=waits))
    if at_once:
        keys = ", ".join(graph.keys[index] for index in at_once)
        yield SpecError(
            f"steps[{at_once[0]}]",
            f"a way leads in a circle without a wait ({keys}): members would go round without end at one moment; "
            "put a wait of days, hours or minutes into it",
        )
    for index in sorted(graph.circles()):
        kind = STEP_KINDS.get(graph.kinds[index])
        if kind is not None and kind.acts_once:
            yield SpecError(
                f"steps[{index}]",
                f"step {graph.keys[index]!r} stands in a circle, but acts once for each member who takes part; "
                "put it before or behind the circle",
            )


def _of_key_dates(data: Data, steps: Sequence[Data], graph: Graph, catalog: Catalog) -> Iterator[SpecError]:
    """There is such a key date, and days around it come in their order on every way."""
    trigger = data.get("trigger")
    trigger = trigger if isinstance(trigger, Mapping) else {}
    name = trigger.get("date")
    if trigger.get("kind") == "key_date" and isinstance(name, str) and name not in catalog.key_dates:
        nearest = ", ".join(near(name, tuple(catalog.key_dates)))
        yield SpecError("trigger.date", f"there is no key date {name!r}; the nearest are {nearest}")
    days = {index: step["until_key_date"] for index, step in enumerate(steps) if _is_day(step.get("until_key_date"))}
    entered = -trigger["days_before"] if _is_day(trigger.get("days_before")) else 0
    for index, day in days.items():
        path = f"steps[{index}].until_key_date"
        if trigger.get("kind") != "key_date":
            yield SpecError(path, "only members who entered for a key date have one; start the journey on a key date")
        elif day < entered:
            yield SpecError(
                path, f"members enter on day {entered:+d} of the key date, after day {day:+d}; enter earlier"
            )
        for later in graph.reachable(index) - {END, index}:
            if later in days and days[later] < day and later not in graph.circles():
                yield SpecError(
                    f"steps[{later}].until_key_date",
                    f"day {days[later]:+d} of the key date has passed when members come from step "
                    f"{graph.keys[index]!r} on day {day:+d}; put the days in their order",
                )


def _is_day(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _of_kind(data: Data, step: Data, index: int) -> Iterable[SpecError]:
    kind = kind_of(step)
    return () if kind is None else kind.errors(step, data, f"steps[{index}]")


def _of_events(data: Data, steps: Sequence[Data], catalog: Catalog) -> Iterator[SpecError]:
    """Events are those of the catalog, and narrowed only by what they have."""
    trigger = data.get("trigger")
    if isinstance(trigger, Mapping) and isinstance(trigger.get("event"), Mapping):
        if trigger["event"].get("step") is not None:
            yield SpecError("trigger.event.step", "whoever enters has taken no step yet; leave step out")
        yield from _of_event(trigger["event"], "trigger.event", steps, catalog)
    inner = [(f"steps[{index}].{name}", step.get(name)) for index, step in enumerate(steps) for name in _EVENT_PARTS]
    inner += [(f"{path}.event", rule.get("event")) for path, rule in _exits(data)]
    for path, match in inner:
        if isinstance(match, Mapping):
            for event in _known(match, catalog):
                if event.begins_membership:
                    sentence = f"whoever takes part has {event.name} already; {event.name} can only start a journey"
                    yield SpecError(f"{path}.events", sentence)
            yield from _of_event(match, path, steps, catalog)


_EVENT_PARTS = ("until_event", "event")
_OF_EVERY_EVENT = frozenset({"events", "step"})


def _names(match: Data) -> list[str]:
    names = match.get("events")
    return [name for name in names if isinstance(name, str)] if isinstance(names, list | tuple) else []


def _known(match: Data, catalog: Catalog) -> list[Event]:
    return [catalog.events[name] for name in _names(match) if name in catalog.events]


def _of_event(match: Data, path: str, steps: Sequence[Data], catalog: Catalog) -> Iterator[SpecError]:
    for number, name in enumerate(_names(match)):
        if name not in catalog.events:
            nearest = ", ".join(near(name, tuple(catalog.events)))
            yield SpecError(f"{path}.events[{number}]", f"there is no event {name!r}; the nearest are {nearest}")
    known = _known(match, catalog)
    for name, value in match.items():
        if name not in _OF_EVERY_EVENT and value is not None:
            yield from _of_qualifier(name, value, path, known, catalog)
    asked = match.get("step")
    if asked is None:
        return
    sends = [str(step.get("key")) for step in steps if step.get("kind") == "send"]
    if not any(event.answers_messages for event in known):
        answers = sorted(event.name for event in catalog.events.values() if event.answers_messages)
        yield SpecError(f"{path}.step", f"only {', '.join(answers)} answer the messages of a step")
    if asked not in sends:
        listed = f"those that send are {', '.join(sends)}" if sends else "none sends"
        yield SpecError(f"{path}.step", f"there is no step {asked!r} that sends; {listed}")


def _of_qualifier(name: str, value: Any, path: str, known: list[Event], catalog: Catalog) -> Iterator[SpecError]:
    """A qualifier narrows one of the events that are asked for, to a value that it can have."""
    found = {event.name: event.qualifier(name) for event in catalog.events.values() if event.qualifier(name)}
    qualifier = next(filter(None, found.values()), None)
    if qualifier is None:
        there_are = sorted({each.name for event in catalog.events.values() for each in event.qualifiers})
        yield SpecError(f"{path}.{name}", f"nothing narrows events by {name!r}; it is one of {', '.join(there_are)}")
    elif not any(event.name in found for event in known):
        sentence = (
            f"only {qualifier.of} have a {qualifier.noun}: add {' or '.join(found)} to the events, or leave it out"
        )
        yield SpecError(f"{path}.{name}", sentence)
    elif isinstance(qualifier.values, tuple) and value not in qualifier.values:
        sentence = f"there is no {qualifier.noun} {value!r}; it is one of {', '.join(qualifier.values)}"
        yield SpecError(f"{path}.{name}", sentence)


def _exits(data: Data) -> list[tuple[str, Data]]:
    rules = data.get("exits")
    listed = rules if isinstance(rules, list | tuple) else ()
    return [(f"exits[{index}]", rule) for index, rule in enumerate(listed) if isinstance(rule, Mapping)]


def definitions_of(data: Data) -> Iterator[tuple[str, Any]]:
    """Every segment definition of a journey in its JSON form, with its path."""
    trigger = data.get("trigger")
    if isinstance(trigger, Mapping):
        yield from ((f"trigger.{name}", trigger.get(name)) for name in ("definition", "entry"))
    yield from ((f"steps[{index}].definition", step.get("definition")) for index, step in enumerate(_steps(data)))
    yield from ((f"{path}.definition", rule.get("definition")) for path, rule in _exits(data))


def _read_definitions(data: Data, catalog: Catalog) -> tuple[dict[str, Definition], list[SpecError]]:
    read: dict[str, Definition] = {}
    wrong = []
    for path, given in definitions_of(data):
        if given is None:
            continue
        try:
            read[path] = parse_definition(given, catalog)
        except InvalidRequest as error:
            place = path if error.path in (None, WHOLE) else f"{path}.{error.path}"
            wrong.append(SpecError(place, error.message.removesuffix(f" (at {error.path})")))
            continue
        if read[path].is_limited and path != "trigger.definition":
            sentence = "it is asked of each member alone, so it can have no limit; leave limit out"
            wrong.append(SpecError(path, sentence))
    return read, wrong
