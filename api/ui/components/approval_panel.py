"""What an approver decides on: exactly what the request was bound to, and the two buttons for who may press them."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from api.ui.components.card import Local
from api.ui.components.dialogs import Answer, ask
from api.ui.components.state_chips import state_chip
from api.ui.theme import block, danger, notice, panel, primary, text
from crm.access.actor import Actor, Permission, roles_that_may
from crm.access.models import Approval, ApprovalState

Decided = Callable[[bool, str, str], Awaitable[None]]
"""Called with the verdict, the fingerprint of what the page shows, and the note."""


@dataclass(frozen=True)
class ApprovalView:
    """A request as it is shown, with the names that it needs."""

    approval: Approval
    subject: str
    requested_by: str
    decided_by: str | None
    shaped_by: frozenset[int]
    """Accounts that had a hand in it, or in a saved segment of it; none of them may approve it."""


def approval_panel(view: ApprovalView, actor: Actor, now: datetime, local: Local, decided: Decided) -> None:
    approval = view.approval
    with panel():
        with block("line flow"):
            text("Approval", "section-title", "h2")
            state_chip(shown_state(approval, now))
        text(f"Asked by {view.requested_by}, {local.moment(approval.requested_at)}", "small muted")
        _outcome(view, now, local)
        for base in approval.facts.get("segments", ()):
            text(f"Saved segment {base['name']}, version {base['version']}: {base['read_back']}.", "small muted wrap")
        # The plan of a campaign stands on the same page, with its warnings.
        for warning in approval.facts.get("warnings", ()) if approval.subject_kind == "journey" else ():
            notice(warning, "warn")
        if is_open(approval, now):
            obstacle = why_not(approval, actor, view.shaped_by)
            if obstacle:
                notice(obstacle, "info", "lock")
            else:
                _buttons(view, decided)


def is_open(approval: Approval, now: datetime) -> bool:
    return approval.state is ApprovalState.PENDING and approval.expires_at > now


def shown_state(approval: Approval, now: datetime) -> str:
    """A pending request whose time has run out is shown as expired before the engine notes it."""
    if approval.state is ApprovalState.PENDING and not is_open(approval, now):
        return ApprovalState.EXPIRED
    return approval.state


def why_not(approval: Approval, actor: Actor, shaped_by: Collection[int]) -> str | None:
    """Why this person may not decide, None when he may. The service enforces the same."""
    if not actor.may(Permission.APPROVE_CAMPAIGN):
        roles = " or ".join(roles_that_may(Permission.APPROVE_CAMPAIGN))
        return f"Approving needs another role: {roles}."
    if approval.requested_by == actor.account_id:
        return "You asked for this approval, so somebody else must give it."
    if actor.account_id in shaped_by:
        return "You wrote or changed it, or a saved segment in it, so somebody else must approve it."
    return None


def _outcome(view: ApprovalView, now: datetime, local: Local) -> None:
    approval = view.approval
    if is_open(approval, now):
        text(
            "It covers exactly what this page shows: audience, copy, offers, steps, cost and dates. Any change to them "
            f"voids it. It expires {local.moment(approval.expires_at)}.",
            "small muted wrap",
        )
        return
    if approval.decided_at:
        by = f" by {view.decided_by}" if view.decided_by else ""
        text(f"Decided{by}, {local.moment(approval.decided_at)}", "small muted")
    if approval.note:
        text(f"“{approval.note}”", "wrap")


def _buttons(view: ApprovalView, decided: Decided) -> None:
    async def approve() -> None:
        answer = await ask(
            f"Approve {view.subject}?",
            "From its start on, messages go out to members without a further question.",
            yes="Approve",
            note_label="Note (optional)",
        )
        await _pass_on(answer, approved=True)

    async def reject() -> None:
        answer = await ask(
            f"Reject {view.subject}?",
            "It goes back to its author as a draft.",
            yes="Reject",
            note_label="What should change?",
            note_required=True,
            is_dangerous=True,
        )
        await _pass_on(answer, approved=False)

    async def _pass_on(answer: Answer | None, *, approved: bool) -> None:
        if answer is not None:
            await decided(approved, view.approval.fingerprint, answer.note)

    with block("line tight"):
        primary("Approve", approve, symbol="check")
        danger("Reject", reject, symbol="close")
