"""What the gate asks of an address: asked once here, for the gate, the segment fields `reachable.*` and the plan."""

from sqlalchemy import ColumnElement, select

from crm.members.models import AddressSuppression, ContactPoint


def is_readable(point: type[ContactPoint]) -> ColumnElement[bool]:
    """Whether the address could be read. One that could not is kept, and nobody is reached there."""
    return point.normalised != ""


def is_given_up(point: type[ContactPoint]) -> ColumnElement[bool]:
    """Whether nothing is sent to the address, whoever has it: it does not exist, or its owner complained."""
    listed = AddressSuppression
    same = (listed.channel == point.channel) & (listed.normalised == point.normalised)
    return select(listed.channel).where(same).correlate(point).exists()
