"""The assistant keeps segments under a name and tells where they stand."""

from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from crm.access.models import Role
from crm.errors import Forbidden, InvalidRequest
from crm.segments.saved import find_segment
from tests.builders import make_member
from tests.tools.conftest import Call, actor_with
from tools.saved_segments import LIST_SEGMENTS, SAVE_SEGMENT, SHOW_SEGMENT
from tools.segments import QUERY_SEGMENT

GOLD = {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]}
SILVER = {"field": "tier", "op": "in", "value": ["silver"]}


def test_a_definition_is_saved_shown_and_asked_for_by_its_name(session: Session, call: Call) -> None:
    make_member(session), make_member(session, tier="silver")
    saved = call(SAVE_SEGMENT, name="Best", definition=GOLD, description="for the spring mailing")
    assert saved.content["count"] == 1
    assert saved.content["summary"] == "Save Best as a new segment, 1 member: members where tier is gold"
    shown = call(SHOW_SEGMENT, segment="best")
    assert shown.content["state"] == "fresh"
    assert shown.content["description"] == "⟦for the spring mailing⟧"
    assert shown.content["days"] == [{"on": "2026-06-01", "count": 1, "entered": 0, "left": 0}]
    assert shown.artifact["definition"] == GOLD
    assert call(QUERY_SEGMENT, definition={"field": "segment", "op": "in", "value": ["Best"]}).content["count"] == 1


def test_saving_under_a_name_that_exists_makes_a_new_version(session: Session, call: Call) -> None:
    call(SAVE_SEGMENT, name="Best", definition=GOLD)
    again = call(SAVE_SEGMENT, name="BEST", definition=SILVER, language="zh")
    assert again.content["version"] == 2
    assert again.content["summary"].startswith("将“Best”更新为第 2 版（0 名会员）")
    assert [version["number"] for version in call(SHOW_SEGMENT, segment="Best").artifact["versions"]] == [2, 1]


def test_the_list_tells_what_can_be_relied_on(session: Session, call: Call, now: datetime) -> None:
    call(SAVE_SEGMENT, name="Best", definition=GOLD)
    call(SAVE_SEGMENT, name="Other", definition=SILVER)
    find_segment(session, "Other").failure = "it took too long"
    listed = call(LIST_SEGMENTS).content
    assert [(row["name"], row["state"]) for row in listed["segments"]] == [("Best", "fresh"), ("Other", "failed")]
    (failed,) = call(LIST_SEGMENTS, state="failed").content["segments"]
    assert failed["state_reason"] == "it took too long"


def test_what_builds_on_a_segment_is_told_with_it(session: Session, call: Call) -> None:
    call(SAVE_SEGMENT, name="Best", definition=GOLD)
    call(SAVE_SEGMENT, name="Rest", definition={"not": {"field": "segment", "op": "in", "value": ["Best"]}})
    assert call(SHOW_SEGMENT, segment="Best").content["subscribers"] == [
        {"kind": "segment", "name": "Rest", "state": None}
    ]


def test_the_place_of_a_mistake_starts_at_the_argument(call: Call) -> None:
    with pytest.raises(InvalidRequest) as caught:
        call(SAVE_SEGMENT, name="Best", definition={"all": [{"field": "teir", "op": "in", "value": ["gold"]}]})
    assert caught.value.path == "definition.all[0].field"


def test_an_analyst_cannot_save(session: Session, call: Call) -> None:
    with pytest.raises(Forbidden):
        call(SAVE_SEGMENT, name="Best", definition=GOLD, actor=actor_with(session, Role.ANALYST))
