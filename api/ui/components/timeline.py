"""What happened to a thing, newest first, from the audit log."""

from collections.abc import Mapping, Sequence

from api.ui import formats
from api.ui.components.card import Local
from api.ui.theme import block, text
from crm.access.models import AuditEntry

_WORDS = {
    "campaign.drafted": "Draft made",
    "campaign.changed": "Brief changed",
    "campaign.submitted": "Submitted for approval",
    "campaign.approved": "Approved",
    "campaign.rejected": "Rejected",
    "campaign.launched": "Launched",
    "campaign.completed": "Completed",
    "campaign.paused": "Paused",
    "campaign.resumed": "Resumed",
    "campaign.cancelled": "Cancelled",
    "campaign.held": "Held back at its start",
    "journey.drafted": "Draft made",
    "journey.changed": "Draft changed",
    "journey.submitted": "Submitted for approval",
    "journey.approved": "Approved",
    "journey.rejected": "Rejected",
    "journey.started": "Started",
    "journey.paused": "Paused",
    "journey.resumed": "Resumed",
    "journey.ended": "Ended",
    "journey.completed": "Completed",
    "journey.held": "Held back at its start",
    "journey.entered_by_hand": "Members let in by hand",
}


def timeline(entries: Sequence[AuditEntry], people: Mapping[int, str], local: Local) -> None:
    # A campaign's own entries say the same as those of its approval.
    told = [entry for entry in entries if not entry.action.startswith("approval.")]
    if not told:
        text("Nothing has happened yet.", "small muted")
        return
    with block("timeline", "ol"):
        for entry in sorted(told, key=lambda entry: (entry.at, entry.id), reverse=True):
            with block("", "li"):
                text(_WORDS.get(entry.action, formats.words(entry.action)), "strong")
                who = people.get(entry.account_id, "Somebody") if entry.account_id else "The engine"
                text(f"{who} · {local.moment(entry.at)}", "small faint")
                note = entry.detail.get("note") or entry.detail.get("reason")
                if note:
                    text(f"“{note}”", "small wrap")
