"""Each kind of step is one module, and says in each of its parts the same of where it leads."""

from datetime import datetime
from typing import Any, get_args

import pytest

from crm.catalog import CATALOG
from crm.database import Sessions, read_only
from crm.journeys.graph import END, read_graph
from crm.journeys.steps.kind import StepKind
from crm.journeys.steps.registry import STEP_KINDS
from crm.journeys.validation import spec_errors
from crm.journeys.words import journey_in_words
from crm.outreach.spec import JourneySpec, JourneyStep
from crm.segments.scope import open_scope
from tests.walks import Json, journey, send, task, wait

OPENED = {"events": ["opened"]}
OF_EVERY_KIND: tuple[Json, ...] = (
    send("hello"),
    wait("a day", days=1),
    wait("answer", until_event=OPENED, timeout={"days": 2}, on_timeout="call", next="which"),
    task("call"),
    {"kind": "branch", "key": "which", "event": OPENED, "then": "chance", "otherwise": "done"},
    {"kind": "split", "key": "chance", "ways": [{"to": "done", "weight": 1}, {"to": "more", "weight": 3}]},
    send("more", next="done"),
    send("aside"),
    {"kind": "end", "key": "done"},
)


def kinds_of_the_spec() -> set[str]:
    union, _ = get_args(JourneyStep)
    return {each.model_fields["kind"].default for each in get_args(union)}


def test_every_step_that_can_be_written_down_has_its_module() -> None:
    assert kinds_of_the_spec() == set(STEP_KINDS) == {str(step["kind"]) for step in OF_EVERY_KIND}


def test_a_step_leads_where_its_words_say(sessions: Sessions, now: datetime) -> None:
    data = journey(*OF_EVERY_KIND) | {"experiment": "x"}
    graph = read_graph(data["steps"])
    with read_only(sessions) as session:
        scope = open_scope(session, CATALOG, now, row_owner_id=None, me_id=None)
        words = journey_in_words(JourneySpec.model_validate(data), scope)
    for step, exits in zip(words.steps, graph.exits, strict=True):
        said = {way.to for way in step.ways}
        leads = {None if place == END else graph.keys[place] for place in exits}
        assert said == (set() if step.kind == "end" else leads), step.key


@pytest.mark.parametrize("kind", STEP_KINDS.values(), ids=lambda kind: kind.name)
def test_a_new_one_in_the_designer_lacks_only_what_somebody_must_write(kind: StepKind[Any]) -> None:
    others = ["first", "last"]
    new = {"kind": kind.name, "key": "new", **kind.new(others, 1)}
    data = journey(send("first"), new, send("last")) | {"experiment": "x"}
    places = {error.path for error in spec_errors(data, CATALOG)}
    # A message needs its texts; behind a branch and an end, members reach the rest only if a step leads there.
    assert places == {"send": {"steps[1]"}, "end": {"steps[2]"}}.get(kind.name, set())


def test_where_a_step_acts_once_a_circle_is_refused_and_elsewhere_it_is_not() -> None:
    for kind in STEP_KINDS.values():
        if kind.ends or kind.name == "wait":
            continue
        step = next(dict(each) for each in OF_EVERY_KIND if each["kind"] == kind.name)
        ways = {"branch": {"then": "w", "otherwise": "done"}, "split": {"ways": [{"to": "w", "weight": 1}] * 2}}
        step |= ways.get(kind.name, {"next": "again"})
        again = {"kind": "branch", "key": "again", "event": OPENED, "then": "w", "otherwise": "done"}
        data = journey(wait("w", days=1), step, again, {"kind": "end", "key": "done"})
        said = [error for error in spec_errors(data, CATALOG) if "acts once" in error.sentence]
        assert bool(said) is kind.acts_once, kind.name
