"""The one workspace of a database: its zone, currency and clock.

Demo and historical data live in their own time: the workspace stores how far its clock is from
the machine's, and `nurture tick --at` moves it. A workspace with real data has no such offset.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from rapidfuzz import process
from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.clock import Clock, SystemClock
from crm.database import Base, Sessions, read_only
from crm.errors import Conflict, InvalidRequest

WORKSPACE_ID = 1
OWN = "own"
"""The data set of a workspace that holds somebody's own members."""
MAX_NAME_LENGTH = 80
CURRENCY = re.compile("[A-Z]{3}")
"""The form of ISO 4217."""


class Workspace(Base):
    __tablename__ = "workspace"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    dataset: Mapped[str]
    """`demo`, `complete-journey` or `own`."""
    zone_name: Mapped[str]
    """IANA zone in which days begin and end, e.g. Asia/Shanghai."""
    currency: Mapped[str]
    """ISO 4217 code of every amount."""
    clock_offset_seconds: Mapped[int | None]
    """Added to the machine's time; None for real time."""
    origin: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the data set was made from, e.g. {"seed": 7, "members": 6000, "today": "2026-06-01"}."""
    lived_until: Mapped[datetime | None]
    """Up to when the behaviour of members has been simulated; None where nothing is simulated."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    @property
    def is_simulated(self) -> bool:
        return self.clock_offset_seconds is not None


def get_workspace(session: Session) -> Workspace:
    """The workspace row. Raises Conflict when the database is still empty."""
    workspace = session.get(Workspace, WORKSPACE_ID)
    if workspace is None:
        raise Conflict(
            "this database holds no data yet; load some with `nurture demo load`, or begin with `nurture init`"
        )
    return workspace


def begin_workspace(session: Session, *, name: str, zone_name: str, currency: str) -> Workspace:
    """An empty workspace of one's own, on real time: no members, no people, nothing of the demo.

    Raises Conflict when the database holds one already, InvalidRequest for a zone or a currency that there is not.
    """
    if session.get(Workspace, WORKSPACE_ID) is not None:
        raise Conflict("this database holds a workspace already; begin another one with another NURTURE_HOME")
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise InvalidRequest(f"a workspace's name has 1 to {MAX_NAME_LENGTH} characters, e.g. Tea Club")
    if zone_name not in available_timezones():
        near = tuple(
            zone for zone, _score, _place in process.extract(zone_name, sorted(available_timezones()), limit=3)
        )
        raise InvalidRequest(f"{zone_name!r} is no time zone; write one as {', '.join(near)}", candidates=near)
    if not CURRENCY.fullmatch(currency):
        raise InvalidRequest(f"{currency!r} is no currency; write its three letters, e.g. CNY, EUR, USD")
    workspace = Workspace(id=WORKSPACE_ID, name=name, dataset=OWN, zone_name=zone_name, currency=currency)
    session.add(workspace)
    session.flush()
    return workspace


def move_clock(session: Session, to: datetime, machine: Clock) -> None:
    """Move the workspace's clock to `to`.

    Raises Conflict when the workspace runs on real time, InvalidRequest when `to` lies in its past.
    """
    workspace = get_workspace(session)
    if workspace.clock_offset_seconds is None:
        raise Conflict("this workspace runs on real time; only demo data can walk to another moment")
    current = machine.now() + timedelta(seconds=workspace.clock_offset_seconds)
    if to < current - timedelta(seconds=1):
        raise InvalidRequest(
            f"{to.astimezone(workspace.zone):%Y-%m-%d %H:%M} lies before the demo's present moment "
            f"({current.astimezone(workspace.zone):%Y-%m-%d %H:%M}); time only walks forward"
        )
    workspace.clock_offset_seconds = int((to - machine.now()).total_seconds())


class WorldClock:
    """The machine's time plus the workspace's offset, read anew on each call."""

    def __init__(self, sessions: Sessions, machine: Clock | None = None) -> None:
        self._sessions = sessions
        self._machine = machine or SystemClock()

    def now(self) -> datetime:
        with read_only(self._sessions) as session:
            offset = session.scalar(select(Workspace.clock_offset_seconds).where(Workspace.id == WORKSPACE_ID))
        moment = self._machine.now() + timedelta(seconds=offset or 0)
        return moment.astimezone(UTC).replace(microsecond=0)
