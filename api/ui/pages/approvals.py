"""What waits for a decision."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.approval_panel import why_not
from api.ui.components.card import Local
from api.ui.components.state_chips import state_chip
from api.ui.journeys.trigger_words import TRIGGER_WORDS
from api.ui.shell import add_page
from api.ui.theme import block, chip, empty_state, icon, panel, text
from api.ui.viewer import Viewer
from crm.access.actor import Actor
from crm.access.approvals import pending_approvals
from crm.access.models import Approval
from crm.access.service import list_accounts
from crm.access.shaping import shaped_by
from crm.campaigns.models import Campaign
from crm.journeys.lookup import SUBJECT_KIND as JOURNEY
from crm.outreach.models import Journey


def add_approvals(nurture: Nurture) -> None:
    add_page(nurture, "/approvals", section="Approvals", build=_build)


@dataclass(frozen=True)
class _Waiting:
    approval: Approval
    subject: Campaign | Journey
    requested_by: str
    shaped_by: frozenset[int]


async def _build(viewer: Viewer, _request: Request) -> None:
    waiting = await viewer.read(_load)
    local = Local(viewer.zone, viewer.currency)
    with block("page"):
        with block("stack snug"):
            text("Approvals", "page-title", "h1")
            text("What reaches members or spends budget is approved by somebody other than its author.", "muted")
        with panel(classes="flush"):
            if not waiting:
                empty_state(
                    "task_alt",
                    "Nothing waits for approval",
                    "Requests appear here as soon as somebody submits a campaign or a journey.",
                )
            for item in waiting:
                _row(item, viewer.actor, local)


def _load(session: Session, _actor: Actor, now: datetime) -> list[_Waiting]:
    people = {account.id: account.display_name for account in list_accounts(session)}
    return [
        _Waiting(approval, _subject(session, approval), people[approval.requested_by], shaped_by(session, approval))
        for approval in pending_approvals(session, now)
    ]


def _subject(session: Session, approval: Approval) -> Campaign | Journey:
    if approval.subject_kind == JOURNEY:
        return session.get_one(Journey, approval.subject_id)
    return session.get_one(Campaign, approval.subject_id)


def _facts(item: _Waiting, local: Local) -> tuple[str, ...]:
    """What the request is about, in a few words."""
    if isinstance(item.subject, Journey):
        facts = item.approval.facts
        fit = formats.plural(facts["members_who_fit"], "member")
        return ("Journey", f"version {facts['version']}", TRIGGER_WORDS[facts["trigger"]], f"{fit} fit its condition")
    plan = item.subject.plan or {}
    return (
        f"{formats.count(plan.get('audience_count'))} members",
        f"{formats.count(plan.get('total_messages'))} messages",
        f"cost {local.money(plan.get('cost_cents'))}",
        f"starts {local.moment(item.subject.starts_at)}",
    )


def _row(item: _Waiting, actor: Actor, local: Local) -> None:
    room = "journeys" if isinstance(item.subject, Journey) else "campaigns"
    with ui.link(target=f"/{room}/{item.subject.id}").classes("plain list-row"):
        with block("stack snug grow"):
            with block("line tight flow"):
                text(item.subject.name, "strong wrap")
                state_chip("pending")
                if why_not(item.approval, actor, item.shaped_by) is None:
                    chip("Yours to decide", "good")
            text(" · ".join(_facts(item, local)), "small muted wrap number")
            text(
                f"Asked by {item.requested_by}, {local.moment(item.approval.requested_at)}; "
                f"expires {local.moment(item.approval.expires_at)}",
                "small faint wrap",
            )
        icon("chevron_right").style("color: var(--ink-3)")
