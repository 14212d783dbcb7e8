"""Which members fit a definition, asked of a few or of many of them at once."""

from dataclasses import replace

from sqlalchemy import Select
from sqlalchemy.orm import Session

from crm.fields import Catalog
from crm.outreach.spec import JourneySpec
from crm.segments import service as segments
from crm.segments.compile import select_member_ids
from crm.segments.definition import EVERYONE, Definition, parse_definition
from crm.segments.plan import Shape
from crm.segments.saved import require_evaluated
from crm.segments.scope import SegmentScope


def fitting(
    session: Session, definition: Definition, scope: SegmentScope, among: Select[int] | None = None
) -> Select[int]:
    """Ids of the members who fit a definition; `among` gives one column of ids.

    Raises InvalidRequest for a name that there is not (any more), Conflict when a saved segment that it builds on
    cannot be evaluated: nobody fits would be as wrong as everybody does.
    """
    segments.require_known_names(session, definition, scope.frozen)
    if scope.frozen is None:
        require_evaluated(session, definition.to_json())
    if among is None:
        return select_member_ids(definition, scope)
    ids = select_member_ids(replace(definition, order_by=None), scope, Shape.PER_MEMBER)
    (member_id,) = ids.selected_columns
    return ids.where(member_id.in_(among)).order_by(None)


def entry_definition(spec: JourneySpec, catalog: Catalog) -> Definition:
    """Who may enter at all; everyone without a condition."""
    trigger = spec.trigger
    data = trigger.definition if trigger.kind == "audience_at_launch" else trigger.entry
    return EVERYONE if data is None else parse_definition(data, catalog)
