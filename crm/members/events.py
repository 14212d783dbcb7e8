"""What happens to members themselves."""

from crm.events import Event, EventRows
from crm.members.models import Member
from crm.words import Text

_MEMBER = Member.__table__.c

EVENTS = (
    Event(
        name="joined",
        label="Became a member",
        words=Text("joins", "加入"),
        rows=EventRows(Member.__table__, _MEMBER.id, _MEMBER.id, _MEMBER.joined_at),
        begins_membership=True,
    ),
)
