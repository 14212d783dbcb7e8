"""Reads a request for members: a definition with its order, limit, groups and measure, or a question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from crm.segments.language.clauses import Clause, read_clauses
from crm.segments.language.comparisons import joined, labelled, without
from crm.segments.language.conditions import Ground
from crm.segments.language.coordination import completed
from crm.segments.language.ellipsis import Ellipses, EllipsisPlacement, ellipses_of
from crm.segments.language.entities import Sentence, read_sentence
from crm.segments.language.kinds import Entity, Kind, Quantity
from crm.segments.language.leaf_conditions import copied, leaves_of, slot
from crm.segments.language.past_days import find_past_day
from crm.segments.language.questions import Question, ask, find_gaps, unread_words
from crm.segments.language.readback import read_back
from crm.segments.language.refinement import Cue, Refiner, find_cue
from crm.segments.language.selected import Selection
from crm.segments.language.selection import SelectionReader
from crm.segments.language.shares import chinese_whole_of_share, whole_of_share
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
    limit_percent: float | None = None
    share_of: Json | None = None
    """The members that those asked for are a share of; None when no share was asked for."""
    as_of: date | None = None
    """The past day on which members are looked at; None is today."""


@dataclass(frozen=True)
class Reading:
    request: SegmentRequest | None
    question: Question | None
    unread: tuple[str, ...]
    """Words with a meaning that found no place in the request."""
    is_refinement: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    """Where in the source the words stand that the request was read from."""
    removed: tuple[str, ...] = ()
    """The fields whose conditions the words take away, whether or not there were any."""


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
        as_of = exact.pop("as_of", None)
        arranged = {name: exact.pop(name, None) for name in ("order_by", "limit", "limit_percent")}
        request = SegmentRequest(exact, **arranged, as_of=date.fromisoformat(as_of) if as_of else None)
        return Reading(request, None, (), spans=((0, len(text)),))
    past = find_past_day(text, today)
    if past is None:
        return _read_on(text, vocabulary, today, previous, masked_spans)
    reading = _read_on(text, vocabulary, past.day, previous, (*masked_spans, (past.start, past.end)))
    if reading.request is None:
        return reading
    as_of = past.day if past.day < today else None
    spans = (*reading.spans, (past.start, past.end))
    return replace(reading, request=replace(reading.request, as_of=as_of), spans=spans)


def _read_on(
    text: str,
    vocabulary: Vocabulary,
    day: date,
    previous: SegmentRequest | None,
    masked_spans: Sequence[tuple[int, int]],
) -> Reading:
    """Read a text as it is meant on a day: "this year" is that day's year."""
    sentence = read_sentence(text, vocabulary, day, masked_spans)
    items = without(sentence.entities, [Kind.FILLER, Kind.MASKED])
    if previous is not None and masked_spans and not _says_anything(items):
        return Reading(previous, None, (), is_refinement=True)
    cue = find_cue(items) if previous is not None else None
    if cue is not None and previous is not None:
        if previous.as_of is not None and previous.as_of < day:
            return _read_on_that_day(text, vocabulary, previous, masked_spans)
        parsed = _parse(_without_refusal(items), sentence, vocabulary, day, goes_on=True)
        refined = _refined(previous, parsed, cue, _ground(vocabulary, day))
        return replace(_reading(sentence, parsed, refined, is_refinement=True), removed=cue.targets)
    parsed = _parse(items, sentence, vocabulary, day, goes_on=False)
    chosen = parsed.selection
    share_of = None if chosen.group_by else _whole(text, sentence, items, vocabulary, day)
    if share_of is not None:
        chosen.metric = None
    request = SegmentRequest(
        parsed.tree, chosen.order_by, chosen.limit, chosen.group_by, chosen.metric, chosen.limit_percent, share_of
    )
    return _reading(sentence, parsed, request, is_refinement=False)


def _read_on_that_day(
    text: str, vocabulary: Vocabulary, previous: SegmentRequest, masked_spans: Sequence[tuple[int, int]]
) -> Reading:
    """A follow-up to a request as of a past day goes on about that day."""
    day = previous.as_of
    assert day is not None  # noqa: S101 - the caller has looked
    reading = _read_on(text, vocabulary, day, replace(previous, as_of=None), masked_spans)
    return reading if reading.request is None else replace(reading, request=replace(reading.request, as_of=day))


def _says_anything(items: Sequence[Entity]) -> bool:
    return any(item.kind not in _SILENT and item.kind is not Kind.REFINE for item in items)


def _whole(text: str, sentence: Sentence, items: Sequence[Entity], vocabulary: Vocabulary, day: date) -> Json | None:
    """The members that a share is taken of, when that is what was asked."""
    words = chinese_whole_of_share(text)
    if words is None:
        place = whole_of_share(items)
        if place is None:
            return None
        words = text[sentence.text.origin[place[0]] : sentence.text.origin[place[1]]]
    found = _read_on(words, vocabulary, day, None, ()).request
    return None if found is None else found.definition


@dataclass
class _Parsed:
    selection: Selection
    tree: Json
    empty: list[Clause]
    items: list[Entity]
    orphans_placed: bool = False


def _parse(items: list[Entity], sentence: Sentence, vocabulary: Vocabulary, today: date, *, goes_on: bool) -> _Parsed:
    selection, left = SelectionReader(items, vocabulary.fields, today, sentence.text.working).read()
    left = joined(labelled(left), sentence.text.working, vocabulary.tiers)
    clauses = completed(read_clauses(left), goes_on=goes_on)
    tree, empty = build_tree(clauses, _ground(vocabulary, today))
    for clause in list(empty):
        if clause.anchor is None and clause.periods and selection.awaits_window:
            for term in selection.awaits_window:
                term.update(window(clause.periods[-1], today))
            empty.remove(clause)
    return _Parsed(selection, tree, empty, items)


def _ground(vocabulary: Vocabulary, today: date) -> Ground:
    return Ground(today, vocabulary.fields, vocabulary.leap_day)


def _without_refusal(items: list[Entity]) -> list[Entity]:
    """ "no, make it 45 days": the first word refuses what was understood and denies nothing else."""
    if (
        len(items) > 1
        and items[0].text in ("no", "not", "nope", "不", "不是")
        and items[1].kind in (Kind.COMMA, Kind.REFINE)
    ):
        return items[1:]
    return items


def _refined(previous: SegmentRequest, parsed: _Parsed, cue: Cue, ground: Ground) -> SegmentRequest:
    refiner = Refiner(previous.definition)
    chosen = parsed.selection
    removed = [refiner.remove_field(name) for name in cue.targets]
    orphans = ellipses_of(parsed.empty)
    if cue.targets:
        orphans.is_negation = False  # "without" has been read
    order_by, metric = copied(previous.order_by), copied(previous.metric)
    terms = [term for term in (order_by, metric) if term is not None and "field" in term]
    limit_percent = _percent(previous, refiner.tree, chosen)
    placement = EllipsisPlacement(refiner.tree, terms, ground, cue)
    parsed.orphans_placed = any(removed) or placement.place(orphans)
    limit = chosen.limit or previous.limit
    if not parsed.orphans_placed and previous.limit is not None:
        limit = _bare_number(orphans) or limit
        parsed.orphans_placed = limit != previous.limit
    if order_by is not None and chosen.direction is not None:
        order_by["dir"] = chosen.direction
    parts = [] if cue.targets else refiner.correct(parsed.tree.get("all", [parsed.tree]))
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
        limit_percent,
        _whole_of(previous, parts, cue),
    )


def _whole_of(previous: SegmentRequest, parts: list[Json], cue: Cue) -> Json | None:
    """ "And silver?" after a share of the gold members: of the silver ones."""
    if previous.share_of is None:
        return None
    whole = Refiner(previous.share_of)
    for node in parts:
        if "field" in node and any(slot(leaf) == slot(node) for leaf in leaves_of(whole.tree)):
            whole.add(node, "narrow" if cue.mode == "remove" else cue.mode)
    return whole.tree


def _percent(previous: SegmentRequest, tree: Json, chosen: Selection) -> float | None:
    """ "top 20% instead": another share of the same order."""
    said, chosen_order = chosen.limit_percent, chosen.order_by
    if said is None:
        return previous.limit_percent
    shares = [leaf for leaf in leaves_of(tree) if leaf["op"] == "top_percent"]
    if chosen_order is not None or not (shares or previous.limit_percent):
        return said
    chosen.limit_percent = None
    if shares:
        shares[-1]["value"] = int(said) if float(said).is_integer() else said
        return previous.limit_percent
    return said


def _bare_number(orphans: Ellipses) -> int | None:
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
