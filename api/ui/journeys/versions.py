"""The versions of a journey and what each changed."""

import json
from collections.abc import Sequence
from typing import Any

from nicegui import ui

from api.journeys import VersionRow
from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.state_chips import state_chip
from api.ui.theme import block, fold, text
from crm.differences import Difference

LONGEST_VALUE = 140


def draw_versions(versions: Sequence[VersionRow], shown_id: int, local: Local) -> None:
    with block("stack"):
        for version in versions:
            with block("stack snug"):
                with block("line tight flow"):
                    if version.id == shown_id:
                        text(f"Version {version.version}", "strong", "span")
                    else:
                        ui.link(f"Version {version.version}", f"/journeys/{version.id}")
                    state_chip(version.end_reason or version.state)
                text(f"by {version.author}, {local.moment(version.created_at)}", "small faint wrap")
                if version.changes:
                    with fold(formats.plural(len(version.changes), "change")):
                        for change in version.changes:
                            _difference(change)


def _difference(change: Difference) -> None:
    with block("stack snug"):
        text(f"{formats.capitalised(change.change)}: {change.path}", "small strong wrap")
        if change.before is not None:
            text(f"− {_shown(change.before)}", "small muted wrap")
        if change.after is not None:
            text(f"+ {_shown(change.after)}", "small wrap")


def _shown(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= LONGEST_VALUE else f"{words[: LONGEST_VALUE - 1]}…"
