"""One request of a person with everything that can be read from its words, read once and only when asked for."""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain
from zoneinfo import ZoneInfo

from agent.planner.focus import Focus
from agent.planner.language import Language, language_of
from agent.planner.slots.budget import BudgetFound, find_budget
from agent.planner.slots.channels import ChannelFound, find_channels
from agent.planner.slots.holdout import HoldoutFound, find_holdout
from agent.planner.slots.members import MemberMention, find_member
from agent.planner.slots.names import NameFound, find_quoted
from agent.planner.slots.offers import OfferFound, find_offers, names_an_offer
from agent.planner.slots.references import CampaignMention, find_campaigns, guess_campaigns, unknown_name
from agent.planner.slots.schedule import Schedule, find_schedule
from agent.planner.slots.segments import find_saved_segment
from agent.planner.slots.span import mask
from crm.access.actor import Actor
from crm.segments.language.kinds import Moment
from crm.segments.language.moments import read_moments
from crm.segments.language.reader import Reading, SegmentRequest, read_segment
from crm.segments.language.text import legible
from crm.segments.language.vocabulary import MEMBER, Vocabulary


@dataclass(frozen=True)
class World:
    """What the planner knows beside the conversation."""

    vocabulary: Vocabulary
    today: date
    zone: ZoneInfo
    actor: Actor
    currency: str


@dataclass(frozen=True)
class Request:
    """The person's words in the light of the conversation so far."""

    words: str
    focus: Focus
    world: World

    @cached_property
    def language(self) -> Language:
        return language_of(self.words)

    @cached_property
    def lowered(self) -> str:
        return legible(self.words.lower().replace("’", "'"))

    def says(self, pattern: re.Pattern[str]) -> bool:
        return pattern.search(self.lowered) is not None

    @cached_property
    def unnamed(self) -> str:
        """The words in lower case with campaign names and quotes blanked: what is left to look for cues in."""
        named = [each.span for each in self.campaigns]
        return mask(self.lowered, [*named, *(each.span for each in self.quoted)])

    @cached_property
    def unhinted(self) -> str:
        """The words as they were said, with the names of campaigns made one word without meaning."""
        names = [each.span for each in self.campaigns if each.span.end - each.span.start > 1]
        return mask(self.words, names, "_")

    @cached_property
    def quoted(self) -> tuple[NameFound, ...]:
        return find_quoted(self.words)

    @cached_property
    def campaign_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.world.vocabulary.campaign_states, *self.focus.campaigns_seen)))

    @cached_property
    def campaigns(self) -> tuple[CampaignMention, ...]:
        return find_campaigns(self.words, self.campaign_names)

    @cached_property
    def guessed_campaigns(self) -> tuple[str, ...]:
        return guess_campaigns(self.words, self.campaign_names)

    @cached_property
    def unknown_campaign(self) -> str | None:
        vocabulary = self.world.vocabulary
        named = (values for field, values in vocabulary.values.items() if field != "campaign")
        return unknown_name(self.words, chain(vocabulary.csms, *named))

    @cached_property
    def offers(self) -> tuple[OfferFound, ...]:
        return find_offers(self.unnamed, self.world.currency)

    @cached_property
    def channels(self) -> tuple[ChannelFound, ...]:
        return find_channels(self.unnamed)

    @cached_property
    def holdout(self) -> HoldoutFound | None:
        return find_holdout(self.unnamed)

    @cached_property
    def budget(self) -> BudgetFound | None:
        return find_budget(self.unnamed)

    @cached_property
    def member(self) -> MemberMention | None:
        """The member named, or those who share the name."""
        vocabulary = self.world.vocabulary
        return find_member(self.words, vocabulary.values.get(MEMBER, ()), vocabulary.local_names)

    @cached_property
    def reading(self) -> Reading:
        """The whole request as a question about members."""
        return self.read(self.words, self.focus.segment)

    @cached_property
    def saved_segment(self) -> str | None:
        """The saved segment that is named."""
        return find_saved_segment(self.words, self.world.vocabulary.segments)

    def read(self, text: str, previous: SegmentRequest | None = None) -> Reading:
        """A part of the request as a definition; with `previous` it may refine that one."""
        return read_segment(text, self.world.vocabulary, self.world.today, previous)

    @cached_property
    def schedule(self) -> Schedule:
        """When a campaign shall run, told apart from days that describe its audience."""
        return find_schedule(self.words, self._moments)

    @cached_property
    def moment(self) -> Schedule:
        """Any day and time named, for a command on a campaign that has its audience already."""
        return find_schedule(self.words, self._moments, alone=True)

    @cached_property
    def _moments(self) -> tuple[Moment, ...]:
        return read_moments(self.unnamed, self.world.today)

    @cached_property
    def speaks_of_benefit(self) -> bool:
        """Whether it speaks of a coupon or gift, named or not."""
        return names_an_offer(self.unnamed)
