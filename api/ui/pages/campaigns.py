"""All campaigns, with filters by state and a search by name."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from fastapi import Request
from nicegui import ui
from sqlalchemy.orm import Session

from api.bootstrap import Nurture
from api.ui import formats
from api.ui.components.card import Local
from api.ui.components.state_chips import state_chip
from api.ui.shell import add_page
from api.ui.theme import block, chip, empty_state, icon, panel, text
from api.ui.viewer import Viewer
from crm.access.actor import Actor, Permission
from crm.access.service import list_accounts
from crm.campaigns.lookup import needs_new_start
from crm.campaigns.models import Campaign
from crm.campaigns.service import list_campaigns
from crm.outreach.models import EndReason, JourneyState

Standing = JourneyState | EndReason

MOST_ROWS = 100


def add_campaigns(nurture: Nurture) -> None:
    add_page(nurture, "/campaigns", section="Campaigns", build=_build)


async def _build(viewer: Viewer, _request: Request) -> None:
    campaigns, people, now = await viewer.read(_load)
    with block("page"):
        with block("line top flow"):
            with block("stack snug grow"):
                text("Campaigns", "page-title", "h1")
                text(f"{formats.plural(len(campaigns), 'campaign')}, latest change first.", "muted")
            if viewer.actor.may(Permission.DRAFT_CAMPAIGN):
                with ui.link(target="/").classes("plain button-link solid"):
                    icon("add")
                    text("Draft one with the assistant", "", "span")
        CampaignList(campaigns, people, Local(viewer.zone, viewer.currency), now.astimezone(viewer.zone)).draw()


def _load(session: Session, _actor: Actor, now: datetime) -> tuple[list[Campaign], dict[int, str], datetime]:
    people = {account.id: account.display_name for account in list_accounts(session)}
    return sorted(list_campaigns(session), key=lambda row: row.updated_at, reverse=True), people, now


class CampaignList:
    """The rows that fit the chosen state and the words in the search field."""

    def __init__(self, campaigns: list[Campaign], people: Mapping[int, str], local: Local, local_now: datetime) -> None:
        self._campaigns, self._people, self._local, self._local_now = campaigns, people, local, local_now
        self._standing: Standing | None = None
        self._wanted = ""

    def draw(self) -> None:
        with block("line flow"):
            self._filters = block("line flow tight").props('role=group aria-label="State"')
            search = ui.input(placeholder="Search by name").props('clearable aria-label="Search by name"')
            search.classes("push").style("width: 260px")
            with search.add_slot("prepend"):
                icon("search")
            search.on_value_change(lambda event: self._search(event.value))
        with panel(classes="flush") as self._rows:
            pass
        self._refresh()

    def _search(self, wanted: str | None) -> None:
        self._wanted = (wanted or "").strip().casefold()
        self._refresh()

    def _choose(self, standing: Standing | None) -> None:
        self._standing = standing
        self._refresh()

    def _refresh(self) -> None:
        found = [row for row in self._campaigns if self._wanted in row.name.casefold()]
        self._draw_filters(Counter(row.journey.standing for row in found), len(found))
        shown = [row for row in found if self._standing in (None, row.journey.standing)]
        self._rows.clear()
        with self._rows:
            if not shown:
                self._nothing()
            for row in shown[:MOST_ROWS]:
                self._row(row)
            if len(shown) > MOST_ROWS:
                text(f"{len(shown) - MOST_ROWS} more; narrow them down by name.", "small muted").style(
                    "padding: 14px 20px"
                )

    def _draw_filters(self, counts: Counter[Standing], total: int) -> None:
        self._filters.clear()
        with self._filters:
            self._filter("All", total, None)
            for standing in (*JourneyState, *EndReason):
                if counts[standing] or standing is self._standing:
                    self._filter(formats.words(standing), counts[standing], standing)

    def _filter(self, words: str, number: int, standing: Standing | None) -> None:
        button = text(f"{words} {number}", "choice number", "button").props("type=button")
        button.props(f"aria-pressed={'true' if standing is self._standing else 'false'}")
        button.on("click", lambda: self._choose(standing))

    def _nothing(self) -> None:
        if self._campaigns:
            empty_state("search_off", "No campaign fits", "Choose another state, or search for another name.")
        else:
            empty_state("campaign", "No campaign yet", "Ask the assistant to draft one.")

    def _row(self, campaign: Campaign) -> None:
        plan = campaign.plan or {}
        channels = ", ".join(formats.channel(name) for name in campaign.brief.get("channels", ()))
        with ui.link(target=f"/campaigns/{campaign.id}").classes("plain list-row"):
            with block("stack snug grow"):
                with block("line tight flow"):
                    text(campaign.name, "strong wrap")
                    state_chip(campaign.journey.standing)
                    if needs_new_start(campaign, self._local_now):
                        chip("Start has passed", "warn")
                    if campaign.is_imported:
                        chip("Imported", "info")
                text(" · ".join(part for part in (campaign.brief.get("goal"), channels) if part), "small muted wrap")
            with block("row-fact only-wide"):
                text(formats.count(plan.get("audience_count")), "strong number")
                text("audience", "small faint")
            with block("row-fact wide only-wide"):
                text(self._local.moment(campaign.launched_at or campaign.starts_at), "number small")
                text("started" if campaign.launched_at else "starts", "small faint")
            with block("row-fact wide only-wide"):
                text(self._local.moment(campaign.updated_at), "number small")
                text(f"by {self._people.get(campaign.author_id, 'somebody')}", "small faint clip")
            icon("chevron_right").style("color: var(--ink-3)")
