"""The words of one workspace: the fields of its catalog and the values in its database."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from crm.access.models import Account, Role
from crm.access.policy import get_policy
from crm.fields import Catalog, Field
from crm.fields import Kind as FieldKind
from crm.key_dates import LeapDay
from crm.members.models import Member
from crm.segments.language.lexicon import Lexicon, Spelling
from crm.segments.language.saved_names import SEGMENT
from crm.segments.language.synonyms import CITY_GROUPS, SYNONYMS

CATEGORY = "category"
CHANNEL = "channel"
MEMBER = "member"
"""Values that belong to no field of their own: what orders and messages are narrowed by, and who members are."""


MAX_MEMBER_NAMES = 50_000
"""More names than this cost more memory than spotting them in a sentence is worth."""


@dataclass(frozen=True)
class Vocabulary:
    """What the reader knows of one workspace. Load it anew when names change; reading touches no database."""

    fields: Mapping[str, Field]
    values: Mapping[str, tuple[str, ...]]
    """Values by field name, as the database writes them; also `category`, `channel`, `member`."""
    tiers: tuple[str, ...] = ()
    """From the lowest to the highest."""
    csms: tuple[str, ...] = ()
    campaign_states: Mapping[str, str] = field(default_factory=dict)
    local_names: Mapping[str, str] = field(default_factory=dict)
    """A member's name in the own script, to the name."""
    leap_day: LeapDay = "feb_28"
    """When who was born on 29 February keeps the day in other years."""

    def field(self, name: str) -> Field | None:
        return self.fields.get(name)

    @property
    def segments(self) -> tuple[str, ...]:
        """The names of saved segments."""
        return self.values.get(SEGMENT, ())

    @cached_property
    def lexicon(self) -> Lexicon:
        return Lexicon(self._spellings(), self.fields, names=self.segments)

    def _spellings(self) -> Iterator[Spelling]:
        for name, values in self.values.items():
            # Saved segments are found by marks of their own (saved_names.py).
            if name != SEGMENT:
                yield from _spellings_of(name, values)
        known_cities = {city.lower(): city for city in self.values.get("city", ())}
        for words, members in CITY_GROUPS.items():
            cities = tuple(known_cities[name] for name in members if name in known_cities)
            if cities:
                yield from (Spelling("city", cities, word) for word in words.split("|"))
        for name in self.csms:
            yield Spelling("csm", (name,), name)
            first = name.split()[0]
            if sum(other.split()[0] == first for other in self.csms) == 1:
                yield Spelling("csm", (name,), first)
        for local, name in self.local_names.items():
            yield Spelling(MEMBER, (name,), local)


def _spellings_of(name: str, values: Iterable[str]) -> Iterator[Spelling]:
    synonyms = SYNONYMS.get(name, {})
    for value in values:
        yield Spelling(name, (value,), value)
        for word in synonyms.get(value.lower(), "").split("|"):
            if word:
                yield Spelling(name, (value,), word)


def load_vocabulary(session: Session, catalog: Catalog) -> Vocabulary:
    """Read the names that people may use: a few queries for distinct names.

    With more than `MAX_MEMBER_NAMES` members their names are left out; look a member up in the database instead.
    """
    values = {entry.name: _values_of(session, entry) for entry in catalog.fields if _is_named(entry)}
    values[CATEGORY] = values.pop("orders.category", ())
    values[CHANNEL] = values.pop("preferred_channel", ())
    values.pop("name", None)
    values.pop("csm", None)
    names = session.execute(select(Member.name, Member.name_local).limit(MAX_MEMBER_NAMES + 1)).all()
    if len(names) > MAX_MEMBER_NAMES:
        names = []
    values[MEMBER] = tuple(dict.fromkeys(row.name for row in names))
    csms = session.scalars(
        select(Account.display_name).where(Account.role == Role.CSM, Account.is_active).order_by(Account.id)
    )
    return Vocabulary(
        fields={entry.name: entry for entry in catalog.fields},
        values=values,
        tiers=_tiers_by_rank(session, values.get("tier", ())),
        csms=tuple(csms),
        campaign_states=_campaign_states(session),
        local_names={row.name_local: row.name for row in names if row.name_local},
        leap_day=get_policy(session).leap_day,
    )


def _is_named(entry: Field) -> bool:
    has_words = entry.values is not None or entry.names is not None
    return entry.kind in (FieldKind.CHOICE, FieldKind.SET, FieldKind.MEMBERSHIP) and has_words


def _values_of(session: Session, entry: Field) -> tuple[str, ...]:
    words = entry.names if entry.values is None else entry.values
    if words is None or entry.name == "name":
        return ()
    found: Iterable[str | None] = iter(words) if isinstance(words, tuple) else session.scalars(words)
    return tuple(sorted({str(value) for value in found if value}))


# Tiers and campaigns belong to rooms above this one: their tables are named here, not imported.
_TIERS = table("tiers", column("name"), column("rank"))
_JOURNEYS = table("journeys", column("name"), column("state"), column("kind"))


def _tiers_by_rank(session: Session, in_use: tuple[str, ...]) -> tuple[str, ...]:
    ranked = tuple(session.scalars(select(_TIERS.c.name).order_by(_TIERS.c.rank)))
    return ranked or in_use


def _campaign_states(session: Session) -> dict[str, str]:
    campaigns = select(_JOURNEYS.c.name, _JOURNEYS.c.state).where(_JOURNEYS.c.kind == "campaign")
    return {row.name: row.state for row in session.execute(campaigns)}
