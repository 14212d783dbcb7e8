"""What the workers work on: members, campaigns that people approved, and a clock that jumps."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import ColumnElement, TextClause, func, select
from sqlalchemy.orm import DeclarativeBase, Session

from crm.access.policy import set_policy
from crm.access.service import find_actor
from crm.campaigns import service
from crm.campaigns.brief import CampaignBrief, Offer
from crm.campaigns.models import Campaign
from crm.catalog import CATALOG
from crm.database import Sessions, open_engine, open_sessions, read_only, unit_of_work
from crm.errors import Conflict
from crm.journeys import engine as outreach
from crm.loyalty.models import Coupon, OfferKind
from crm.migrations import migrate
from crm.outreach.models import MAY_BE_DUE, WAITING, Journey, JourneyState, Message, MessageState
from crm.settings import Settings
from crm.workspace import WorldClock, get_workspace
from evals.benchmarks.kills.provider import CLIENT_TIMEOUT_SECONDS, Manners, Provider
from evals.benchmarks.outreach.people import fill, raise_caps

MANY = 1_000
"""Messages a week, and hours that one may be late: of what is due nothing is left out for either."""
_COUPON = "KILL50"
_SECRET = "only-for-a-provider-on-loopback"


@dataclass(frozen=True)
class Backlog:
    """What is still to be done."""

    waiting: int
    """Messages not handed over yet, due or not."""
    claimed: int
    is_due: bool
    """Whether anything could be done now."""
    next_at: datetime | None
    """When something falls due, or a lease runs out, next."""


class KillWorld:
    """One database, seen from outside the workers."""

    def __init__(self, settings: Settings) -> None:
        self._engine = open_engine(settings.resolved_database_url)
        self.database = self._engine.dialect.name
        migrate(self._engine)
        self.sessions: Sessions = open_sessions(self._engine)
        self._clock = WorldClock(self.sessions)

    def fill(self, members: int) -> None:
        """Raises Conflict when the database holds other data, or the rest of an interrupted run."""
        fill(self.sessions, members)
        with unit_of_work(self.sessions) as session:
            if _number_of(session, Message, MAY_BE_DUE):
                raise Conflict("this database holds messages of an interrupted run; give an empty one")
            if _number_of(session, Coupon, Coupon.code == _COUPON):
                return
            raise_caps(session, MANY)
            set_policy(session, "late_limit_hours", MANY)
            session.add(_coupon(stock=1_000 * members))

    def start_campaign(self) -> int:
        """Drafted by one person, approved by another; a worker launches it. Its id."""
        now = self._clock.now()
        with unit_of_work(self.sessions) as session:
            name = f"Wave {(session.scalar(select(func.count()).select_from(Campaign)) or 0) + 1}"
            mia, grace = find_actor(session, "mia"), find_actor(session, "grace")
            campaign = service.create_draft(
                session, brief=_brief(name), actor=mia, request_id=name, now=now, catalog=CATALOG
            )
            asked = service.submit(session, campaign.id, actor=mia, now=now, catalog=CATALOG)
            service.approve(session, campaign.id, fingerprint=asked.fingerprint, actor=grace, now=now)
            return campaign.id

    def backlog(self) -> Backlog:
        now = self._clock.now()
        with read_only(self.sessions) as session:
            to_launch = _number_of(session, Journey, Journey.state == JourneyState.SCHEDULED)
            waiting = _number_of(session, Message, MAY_BE_DUE, Message.state.in_(WAITING))
            claimed = _number_of(session, Message, MAY_BE_DUE, Message.state == MessageState.CLAIMED)
            due = _number_of(session, Message, MAY_BE_DUE, Message.state.in_(WAITING), Message.due_at <= now)
            return Backlog(
                to_launch + waiting,
                claimed,
                bool(to_launch or due),
                outreach.next_moment(session, now, catalog=CATALOG),
            )

    def jump(self, by: timedelta) -> None:
        """Move the clock of every worker, forwards or backwards."""
        with unit_of_work(self.sessions) as session:
            workspace = get_workspace(session)
            workspace.clock_offset_seconds = (workspace.clock_offset_seconds or 0) + int(by.total_seconds())

    def jump_on(self, backlog: Backlog) -> None:
        """To the next moment at which there is something to do."""
        if backlog.next_at is not None:
            self.jump(backlog.next_at - self._clock.now() + timedelta(seconds=1))

    def close(self) -> None:
        self._engine.dispose()


def worker_settings(home: Path, database_url: str | None) -> Settings:
    """Before there is a provider: enough to open the database."""
    return Settings(home=home, database_url=database_url, log_level="ERROR")


def with_provider(settings: Settings, provider: Provider, manners: Manners) -> Settings:
    """Every channel leaves through the provider."""
    keys = "honoured" if manners.honours_keys else "ignored"
    options = f"keys={keys}&receipts=no&timeout_seconds={CLIENT_TIMEOUT_SECONDS}"
    url = SecretStr(f"webhook+http://:{_SECRET}@127.0.0.1:{provider.port}/messages#{options}")
    return settings.model_copy(
        update={
            "public_url": "https://club.example.com",
            "channel_email": url,
            "channel_sms": url,
            "channel_push": url,
        }
    )


def _number_of(session: Session, model: type[DeclarativeBase], *conditions: ColumnElement[bool] | TextClause) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def _brief(name: str) -> CampaignBrief:
    return CampaignBrief(
        name=name,
        audience={"all": [{"field": "tier", "op": "in", "value": ["bronze", "silver", "gold", "platinum"]}]},
        channels=("email", "sms", "push"),
        offers=(Offer(kind=OfferKind.AMOUNT_OFF, value=Decimal(50)),),
    )


def _coupon(stock: int) -> Coupon:
    return Coupon(
        code=_COUPON,
        name="50 off",
        kind=OfferKind.AMOUNT_OFF,
        value=5_000,
        min_spend_cents=None,
        unit_cost_cents=0,
        stock_total=stock,
        valid_until=date(2099, 1, 1),
    )
