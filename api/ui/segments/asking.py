"""In whose name and with which words the page asks about members."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.access.actor import Actor, Permission, require
from crm.catalog import CATALOG, segment_scope
from crm.fields import Field, Qualifier
from crm.members.fields import ME
from crm.segments.language.vocabulary import Vocabulary, load_vocabulary
from crm.segments.scope import SegmentScope


def reader_scope(session: Session, actor: Actor, now: datetime) -> SegmentScope:
    """The scope of somebody who may read members. Raises Forbidden."""
    require(actor, Permission.READ_MEMBERS)
    return segment_scope(session, actor, now)


@dataclass(frozen=True)
class Ground:
    """What the editor knows before anything is typed: whose view it is, and the words there are."""

    scope: SegmentScope
    vocabulary: Vocabulary

    def words_of(self, field: Field) -> tuple[str, ...]:
        """The values to choose from; empty where any word will do."""
        if field.name == "csm":
            return (ME, *self.vocabulary.csms)
        if isinstance(field.values, tuple):
            return field.values
        if field.name == "tier":
            return self.vocabulary.tiers
        return self._named(field.name.removeprefix("orders."))

    def words_of_qualifier(self, qualifier: Qualifier) -> tuple[str, ...]:
        if isinstance(qualifier.values, tuple):
            return qualifier.values
        return self._named(qualifier.name)

    def _named(self, name: str) -> tuple[str, ...]:
        values: Mapping[str, tuple[str, ...]] = self.vocabulary.values
        return values.get(name, ())


def ground_of(session: Session, actor: Actor, now: datetime) -> Ground:
    return Ground(reader_scope(session, actor, now), load_vocabulary(session, CATALOG))
