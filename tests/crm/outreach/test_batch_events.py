"""What sending tells the log is what the ledger holds."""

from collections import Counter
from datetime import datetime

from sqlalchemy import delete, func, select
from structlog.testing import capture_logs

from crm.channels import Channel
from crm.database import Sessions, unit_of_work
from crm.members.models import Consent
from crm.outreach.dispatch import dispatch_due
from crm.outreach.models import Message
from tests.builders import make_member
from tests.journeys import journey_spec, launch, send_step
from tests.providers import FakeProvider


def test_each_message_of_a_batch_is_told_once_with_what_became_of_it(sessions: Sessions, now: datetime) -> None:
    with unit_of_work(sessions) as session:
        members = [make_member(session) for _ in range(6)]
        launch(session, journey_spec(send_step("main", "email")), now)
        # Two withdraw their consent between the launch and the batch.
        withdrawn = [member.id for member in members[:2]]
        session.execute(delete(Consent).where(Consent.member_id.in_(withdrawn), Consent.channel == Channel.EMAIL))
    with capture_logs() as told:
        dispatch_due(sessions, FakeProvider(script=["refuse"]).on_all_channels(), now=now, worker="test")
    with unit_of_work(sessions) as session:
        states = {
            state.value: count
            for state, count in session.execute(select(Message.state, func.count()).group_by(Message.state))
        }
    sent = [event for event in told if event["event"] == "batch.sent"]
    counts = Counter[str]()
    for event in sent:
        counts.update({name: event[name] for name in ("delivered", "sent", "failed", "unknown", "deferred")})
    counts["excluded"] = sum(event["count"] for event in told if event["event"] == "messages.excluded")
    assert {name: count for name, count in counts.items() if count} == states
    assert {event["reason"] for event in told if event["event"] == "messages.excluded"} == {"no_consent"}
    assert {event["channel"] for event in sent} == {"email"}
