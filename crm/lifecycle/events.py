"""What happens on the way of members through the stages."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement

from crm.events import Event, EventQualifier, EventRows
from crm.lifecycle.models import STAGE_WORDS, STAGES, StageChange
from crm.words import Text

_CHANGE = StageChange.__table__


def _came_into(stages: Sequence[str]) -> ColumnElement[bool]:
    return _CHANGE.c.to_stage.in_(stages)


EVENTS = (
    Event(
        name="stage_entered",
        label="Came into a lifecycle stage",
        words=Text("comes into another lifecycle stage", "进入新的生命周期阶段"),
        rows=EventRows(
            _CHANGE, _CHANGE.c.id, _CHANGE.c.member_id, _CHANGE.c.changed_at, (_CHANGE.c.to_stage.is_not(None),)
        ),
        qualifiers=(
            EventQualifier(
                name="stage",
                label="Of changes: stage",
                of="changes of stage",
                noun="stage",
                words=Text("becomes {value}", "进入{value}阶段"),
                condition=_came_into,
                values=STAGES,
                value_words=STAGE_WORDS,
                any_value="any stage",
            ),
        ),
        occurrence="stage",
    ),
)
