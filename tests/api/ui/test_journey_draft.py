"""A journey while it is written: steps come, go, move and are renamed, and those that name them follow."""

from typing import Any

from api.ui.journeys.draft import Draft, placed
from api.ui.journeys.step_forms import STEP_FORMS
from crm.catalog import CATALOG
from crm.journeys.steps.kind import SpecError
from crm.journeys.steps.registry import STEP_KINDS
from crm.journeys.templates import from_template
from crm.journeys.validation import spec_errors


def draft() -> Draft:
    return Draft.of(from_template("reactivation"))


def test_a_renamed_step_is_followed_by_those_that_name_it() -> None:
    written = draft()
    written.rename(2, "call")
    assert written.steps[1]["on_timeout"] == "call"
    assert spec_errors(written.data, CATALOG) == []


def test_a_removed_step_is_named_by_nobody_any_more() -> None:
    written = draft()
    written.remove(2)
    assert "on_timeout" not in written.steps[1]
    assert written.keys == ["miss-you", "answer", "done"]
    assert spec_errors(written.data, CATALOG) == []


def test_a_new_step_of_each_kind_has_a_key_of_its_own_and_points_somewhere() -> None:
    written = draft()
    for kind in STEP_KINDS:
        written.add(kind, 1)
    assert len(set(written.keys)) == len(written.keys)
    wrong = [mistake.path for mistake in spec_errors(written.data, CATALOG)]
    assert not [path for path in wrong if path.endswith((".then", ".to", ".key"))]


def test_each_kind_of_step_has_a_form() -> None:
    assert set(STEP_FORMS) == set(STEP_KINDS)


def test_moving_stops_at_the_ends_of_the_list() -> None:
    written = draft()
    assert not written.move(0, -1)
    assert written.move(0, 1)
    assert written.keys[:2] == ["answer", "miss-you"]


def test_starting_on_something_else_keeps_who_may_enter() -> None:
    entry: dict[str, Any] = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
    written = draft()
    written.data["trigger"]["entry"] = entry
    written.start_on("event")
    assert written.data["trigger"] == {"kind": "event", "event": {"events": ["joined"]}, "entry": entry}
    written.start_on("audience_at_launch")
    assert "entry" not in written.data["trigger"]


def test_mistakes_stand_at_their_steps() -> None:
    found = placed([SpecError("steps[1].key", "one"), SpecError("name", "two"), SpecError("steps[1]", "three")])
    assert [mistake.sentence for mistake in found.of_steps[1]] == ["one", "three"]
    assert [mistake.sentence for mistake in found.elsewhere] == ["two"]
