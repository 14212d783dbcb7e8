"""Reads a request for members: a definition with its order, limit, groups and measure, or a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.segments.language.clauses import read_clauses
from crm.segments.language.comparisons import joined, without
from crm.segments.language.conditions import Ground
from crm.segments.language.entities import Sentence, read_sentence
from crm.segments.language.kinds import Entity, Kind, Period
from crm.segments.language.selection import Selection, SelectionReader
from crm.segments.language.sharing import completed
from crm.segments.language.tree import build_tree
from crm.segments.language.vocabulary import Vocabulary
from crm.segments.language.windows import window

Json = dict[str, Any]


@dataclass(frozen=True)
class SegmentRequest:
    """What was asked for, in the JSON form of definitions."""

    definition: Json
    order_by: Json | None = None
    limit: int | None = None
    group_by: tuple[str, ...] = ()
    metric: Json | None = None


@dataclass(frozen=True)
class Question:
    """What the reader needs to know before it can answer: slots for programs, words for the person."""

    slots: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Reading:
    request: SegmentRequest | None
    question: Question | None
    unread: tuple[str, ...]
    """Words with a meaning that found no place in the request."""
    is_refinement: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    """Where in the source the words stand that the request was read from."""


def read_segment(
    text: str,
    vocabulary: Vocabulary,
    today: date,
    previous: SegmentRequest | None = None,
    masked_spans: Sequence[tuple[int, int]] = (),
) -> Reading:
    sentence = read_sentence(text, vocabulary, today, masked_spans)
    items = without(sentence.entities, [Kind.FILLER, Kind.MASKED])
    selection, left = SelectionReader(items, vocabulary.fields, today).read()
    left = joined(left, sentence.text.working, vocabulary.tiers)
    clauses = completed(read_clauses(left))
    ground = Ground(today, vocabulary.fields, vocabulary.campaign_states)
    tree, empty = build_tree(clauses, ground)
    for clause in empty:
        for period in clause.periods:
            for term in selection.awaits_window:
                term |= window(period, today)
    request = SegmentRequest(tree, selection.order_by, selection.limit, selection.group_by, selection.metric)
    return Reading(request, None, ())
