"""Reads a request for members: a definition with its order, limit, groups and measure, or a question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.segments.language.clauses import Clause, read_clauses
from crm.segments.language.comparisons import joined, labelled, without
from crm.segments.language.conditions import Ground
from crm.segments.language.entities import Sentence, read_sentence
from crm.segments.language.kinds import Entity, Kind, Quantity
from crm.segments.language.leaves import copied
from crm.segments.language.orphans import OrphanPlacement, Orphans, orphans_of
from crm.segments.language.questions import Question, ask, find_gaps, unread_words
from crm.segments.language.readback import read_back
from crm.segments.language.refinement import Cue, Refiner, find_cue
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
    """Read the members that `text` asks for.

    Words inside `masked_spans` (positions in `text`) belong to something else: an offer, a start, a name. With
    `previous`, a text that leans on the request before it changes that request.
    """
    exact = read_back(text, vocabulary.fields)
    if exact is not None:
        order_by, limit = exact.pop("order_by", None), exact.pop("limit", None)
        return Reading(SegmentRequest(exact, order_by, limit), None, (), spans=((0, len(text)),))
    sentence = read_sentence(text, vocabulary, today, masked_spans)
    items = without(sentence.entities, [Kind.FILLER, Kind.MASKED])
    cue = find_cue(items) if previous is not None else None
    if cue is not None and previous is not None:
        parsed = _parse(_without_refusal(items), sentence, vocabulary, today, goes_on=True)
        return _reading(sentence, parsed, _refined(previous, parsed, cue, today), is_refinement=True)
    parsed = _parse(items, sentence, vocabulary, today, goes_on=False)
    chosen = parsed.selection
    request = SegmentRequest(parsed.tree, chosen.order_by, chosen.limit, chosen.group_by, chosen.metric)
    return _reading(sentence, parsed, request, is_refinement=False)


@dataclass
class _Parsed:
    selection: Selection
    tree: Json
    empty: list[Clause]
    items: list[Entity]
    orphans_placed: bool = False


def _parse(items: list[Entity], sentence: Sentence, vocabulary: Vocabulary, today: date, *, goes_on: bool) -> _Parsed:
    selection, left = SelectionReader(items, vocabulary.fields, today).read()
    left = joined(labelled(left), sentence.text.working, vocabulary.tiers)
    clauses = completed(read_clauses(left), goes_on=goes_on)
    tree, empty = build_tree(clauses, Ground(today, vocabulary.fields))
    for clause in list(empty):
        if clause.anchor is None and clause.periods and selection.awaits_window:
            for term in selection.awaits_window:
                term.update(window(clause.periods[-1], today))
            empty.remove(clause)
    return _Parsed(selection, tree, empty, items)


def _without_refusal(items: list[Entity]) -> list[Entity]:
    """ "no, make it 45 days": the first word refuses what was understood and denies nothing else."""
    if (
        len(items) > 1
        and items[0].text in ("no", "not", "nope", "不", "不是")
        and items[1].kind in (Kind.COMMA, Kind.REFINE)
    ):
        return items[1:]
    return items


def _refined(previous: SegmentRequest, parsed: _Parsed, cue: Cue, today: date) -> SegmentRequest:
    refiner = Refiner(previous.definition)
    chosen = parsed.selection
    removed = [refiner.remove_field(name) for name in cue.targets]
    orphans = orphans_of(parsed.empty)
    order_by, metric = copied(previous.order_by), copied(previous.metric)
    terms = [term for term in (order_by, metric) if term is not None and "field" in term]
    placement = OrphanPlacement(refiner.tree, terms, today, cue)
    parsed.orphans_placed = any(removed) or placement.place(orphans)
    limit = chosen.limit or previous.limit
    if not parsed.orphans_placed and previous.limit is not None:
        limit = _bare_number(orphans) or limit
        parsed.orphans_placed = limit != previous.limit
    if order_by is not None and chosen.direction is not None:
        order_by["dir"] = chosen.direction
    parts = [] if any(removed) else refiner.correct(parsed.tree.get("all", [parsed.tree]))
    for node in parts:
        refiner.add(node, "narrow" if cue.mode == "remove" else cue.mode)
    group_by = previous.group_by
    if chosen.group_by:
        group_by = chosen.group_by
        metric = chosen.metric if chosen.metric != {"fn": "count"} or metric is None else metric
    elif chosen.metric is not None:
        metric = chosen.metric
    if chosen.bare_function is not None and metric is not None and "field" in metric:
        metric = metric | {"fn": chosen.bare_function}
    return SegmentRequest(
        refiner.tree,
        chosen.order_by or order_by,
        limit,
        group_by,
        metric,
    )


def _bare_number(orphans: Orphans) -> int | None:
    """ "make it 25" after a list of ten: another limit."""
    amounts = [comparison.amount for comparison in orphans.comparisons if not comparison.op]
    return next((int(a.amount) for a in amounts if isinstance(a, Quantity) and a.unit == "" and a.amount >= 1), None)


def _reading(sentence: Sentence, parsed: _Parsed, request: SegmentRequest, *, is_refinement: bool) -> Reading:
    empty = [] if is_refinement and parsed.orphans_placed else parsed.empty
    gaps = find_gaps(parsed.items, empty, parsed.selection)
    language = "zh" if _HAS_CHINESE.search(sentence.text.source) else "en"
    question = ask(gaps, language)
    unread = unread_words(parsed.items, empty)
    lost = {place for entity in unread for place in range(entity.start, entity.end)}
    read = [e for e in parsed.items if e.kind not in _SILENT and not lost & set(range(e.start, e.end))]
    return Reading(
        request=None if question is not None else request,
        question=question,
        unread=tuple(_source_text(sentence, entity) for entity in unread),
        is_refinement=is_refinement,
        spans=tuple(sentence.source_span(entity) for entity in read),
    )


_HAS_CHINESE = re.compile(r"[\u3400-\u9fff]")
_SILENT = frozenset({Kind.COMMA, Kind.STOP, Kind.VERB, Kind.UNKNOWN})


def _source_text(sentence: Sentence, entity: Entity) -> str:
    start, end = sentence.source_span(entity)
    return sentence.text.source[start:end]
