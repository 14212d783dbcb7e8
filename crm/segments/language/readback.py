"""Reads what `describe` wrote: the inverse of its templates, exact for every definition.

A person who copies a read-back, changes a number and sends it again gets that segment and no guess.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from crm.fields import Field, Kind, Op
from crm.members.fields import ME
from crm.segments.phrases import PHRASES, Language, Phrases

Json = dict[str, Any]
_DAY = r"\d{4}-\d\d-\d\d"
_OPENERS, _CLOSERS = "(（", ")）"
_NUMBER = re.compile(r"^[^\d-]*(-?[\d,]*\.?\d+(?:e-?\d+)?)(?: [A-Z]{3})?$")


def read_back(text: str, fields: Mapping[str, Field]) -> Json | None:
    """The definition with its arrangement, and `as_of` of a past day; None when `describe` cannot have written it."""
    for language in PHRASES:
        found = _inverse(language, tuple(fields.values())).definition(text.strip())
        if found is not None:
            return found
    return None


@lru_cache(maxsize=4)
def _inverse(language: Language, fields: tuple[Field, ...]) -> "_Inverse":
    return _Inverse(language, fields)


class _Inverse:
    """The templates of one language, read from right to left."""

    def __init__(self, language: Language, fields: tuple[Field, ...]) -> None:
        self._language: Language = language
        self._phrases: Phrases = PHRASES[language]
        self._fields = sorted(fields, key=lambda field: -len(self._label(field)))

    def _label(self, field: Field) -> str:
        return field.label.in_language(self._language)

    def definition(self, text: str) -> Json | None:
        if not any(start in text for start in (self._phrases.everyone, self._phrases.members.split("{")[0])):
            return None
        parts: Json = {}
        rest = text
        for key, take in self._endings.items():
            rest, found = take(rest)
            parts |= {key: found} if found else {}
        own = _match(self._phrases.own_members, rest, segment=".*")
        tree = self._tree(rest if own is None else own["segment"])
        return None if tree is None else tree | parts

    @property
    def _endings(self) -> dict[str, Callable[[str], tuple[str, Any]]]:
        """What follows the conditions, the last first."""
        return {
            "as_of": self._as_of,
            "limit_percent": self._limit_percent,
            "limit": self._limit,
            "order_by": self._order,
        }

    def _tree(self, text: str) -> Json | None:
        if text == self._phrases.everyone:
            return {"all": []}
        inner = _match(self._phrases.members, text, conditions=".*")
        node = self._node(inner["conditions"]) if inner is not None else None
        return {"all": [node]} if node is not None and ("field" in node or node == {"all": []}) else node

    def _as_of(self, text: str) -> tuple[str, str | None]:
        found = _match("{rest}" + self._phrases.as_of, text, rest=".*", day=_DAY)
        return (found["rest"], found["day"]) if found is not None else (text, None)

    def _limit_percent(self, text: str) -> tuple[str, int | float | None]:
        found = _match("{rest}" + self._phrases.limit_percent, text, rest=".*", percent=r"[\d.]+")
        return (found["rest"], _number(found["percent"])) if found is not None else (text, None)

    def _limit(self, text: str) -> tuple[str, int | None]:
        found = _match("{rest}" + self._phrases.limit, text, rest=".*", limit=r"[\d,]+")
        return (found["rest"], int(found["limit"].replace(",", ""))) if found is not None else (text, None)

    def _order(self, text: str) -> tuple[str, Json | None]:
        for field in self._fields:
            for direction, template in self._phrases.order.get(field.kind, {}).items():
                found = re.fullmatch(f"(?P<rest>.*){_filled(template, subject=self._subject(field))}", text)
                if found is not None:
                    return found["rest"], self._term(field, found) | {"dir": direction}
        return text, None

    def _node(self, text: str) -> Json | None:
        for joiner, key in ((self._phrases.both, "all"), (self._phrases.either, "any")):
            parts = list(_split(text, joiner))
            if len(parts) > 1:
                nodes = [self._node(_unwrapped(part)) for part in parts]
                return {key: nodes} if all(node is not None for node in nodes) else None
        if text == self._phrases.everyone:
            return {"all": []}
        return self._negation(text) or self._condition(text)

    def _negation(self, text: str) -> Json | None:
        note = _filled(self._phrases.missing_note, labels="[^()（）]*")
        found = re.fullmatch(f"{_filled(self._phrases.negation, condition='(?P<inner>.*?)')}(?:{note})?", text)
        inner = self._node(found["inner"]) if found is not None and _is_balanced(found["inner"]) else None
        return {"not": inner} if inner is not None else None

    def _condition(self, text: str) -> Json | None:
        for field in self._fields:
            if not text.startswith(self._label(field)):
                continue
            for op, pattern in self._patterns[field.name]:
                found = pattern.fullmatch(text)
                if found is None:
                    continue
                value = _NO_VALUE if op in (Op.ANY, Op.NONE) else self._value(field, op, found)
                if value is not _UNREADABLE:
                    return self._term(field, found) | {"op": str(op), "value": None if value is _NO_VALUE else value}
        return None

    @cached_property
    def _patterns(self) -> dict[str, list[tuple[Op, re.Pattern[str]]]]:
        """Every sentence about every field, the longest template first, for "is not" begins with "is"."""
        return {field.name: list(self._sentences(field)) for field in self._fields}

    def _sentences(self, field: Field) -> Iterator[tuple[Op, re.Pattern[str]]]:
        subject = self._subject(field)
        missing = f"(?:{re.escape(self._phrases.or_missing)})?"
        for is_known, template in self._phrases.known.items():
            yield Op.KNOWN, re.compile(f"(?P<known_{str(is_known).lower()}>){_filled(template, subject=subject)}")
        templates = [(op, words) for op, words in self._phrases.sentences[field.kind].items() if op in field.ops]
        if Op.ANNIVERSARY_BETWEEN in field.ops:
            templates.sort(key=lambda pair: pair[0] is not Op.ANNIVERSARY_BETWEEN)
        for op, template in sorted(templates, key=lambda pair: -len(pair[1])):
            yield op, re.compile(_filled(template, subject=subject, value="(?P<value>.*?)") + missing)

    def _subject(self, field: Field) -> str:
        """A pattern for the field with its qualifiers and its window."""
        phrases = self._phrases
        qualifiers = "".join(
            "(?:"
            + _filled(
                phrases.qualifier, name=re.escape(q.text.in_language(self._language)), words=f"(?P<q_{q.name}>.*?)"
            )
            + ")?"
            for q in sorted(field.qualifiers, key=lambda qualifier: qualifier.name)
        )
        if not field.has_windows:
            return re.escape(self._label(field)) + qualifiers
        ways = [
            _filled(template, amount=rf"(?P<{unit}>\d+)", first=_DAY, last=_DAY)
            for unit, template in phrases.last.items()
        ]
        ways.append(_filled(phrases.from_to, first=f"(?P<both_first>{_DAY})", last=f"(?P<both_last>{_DAY})"))
        ways.append(_filled(phrases.since, first=f"(?P<first>{_DAY})", today=_DAY))
        ways.append(_filled(phrases.until, last=f"(?P<last>{_DAY})"))
        ways.append(re.escape(phrases.lifetime))
        return re.escape(self._label(field)) + qualifiers + f"(?:{'|'.join(ways)})"

    def _term(self, field: Field, found: re.Match[str]) -> Json:
        said = {name: words for name, words in found.groupdict().items() if words}
        term: Json = {"field": field.name}
        for qualifier in field.qualifiers:
            if f"q_{qualifier.name}" in said:
                term[qualifier.name] = self._words(said[f"q_{qualifier.name}"], qualifier.values_zh)
        for unit in self._phrases.last:
            if unit in said:
                term[unit] = int(said[unit])
        window = {
            "from": said.get("both_first") or said.get("first"),
            "to": said.get("both_last") or said.get("last"),
        }
        return term | ({"window": window} if any(window.values()) else {})

    def _value(self, field: Field, op: Op, found: re.Match[str]) -> Any:
        if op is Op.KNOWN:
            return "known_true" in found.re.groupindex
        written = found["value"]
        if field.kind in (Kind.CHOICE, Kind.SET, Kind.MEMBERSHIP):
            words = self._words(written, field.values_zh)
            return words[0] if op in (Op.EQ, Op.NE) else words
        if field.kind is Kind.FLAG:
            answers = {words: answer for answer, words in self._phrases.flags.items()}
            return answers.get(written, _UNREADABLE)
        if op in (Op.BETWEEN, Op.MONTH_DAY_BETWEEN, Op.ANNIVERSARY_BETWEEN):
            ends = _match(self._phrases.range, written, low=".*?", high=".*")
            pair = (
                [self._single(field, op, ends[name]) for name in ("low", "high")] if ends is not None else [_UNREADABLE]
            )
            return _UNREADABLE if _UNREADABLE in pair else pair
        if op is Op.TOP_PERCENT:
            return _number(written[:-1]) if re.fullmatch(r"[\d.]+%", written) else _UNREADABLE
        return self._single(field, op, written)

    def _single(self, field: Field, op: Op, written: str) -> Any:
        if field.kind is Kind.NUMBER:
            number = _NUMBER.match(written)
            return _UNREADABLE if number is None else _number(number[1].replace(",", ""))
        if op in (Op.MONTH_DAY_BETWEEN, Op.ANNIVERSARY_BETWEEN):
            return written if re.fullmatch(r"\d\d-\d\d", written) else _UNREADABLE
        for unit, template in self._phrases.ago.items():
            found = _match(template, written, day=_DAY, amount=r"\d+")
            if found is not None:
                return {unit: int(found["amount"])}
        return written if re.fullmatch(_DAY, written) else _UNREADABLE

    def _words(self, written: str, chinese: Mapping[str, str]) -> list[str]:
        names = {self._phrases.me: ME}
        if self._language == "zh":
            names |= {translated: word for word, translated in chinese.items()}
        return [
            json.loads(word) if word.startswith('"') else names.get(word, word)
            for word in _split(written, self._phrases.or_word)
        ]


_NO_VALUE, _UNREADABLE = object(), object()


def _number(written: str) -> int | float:
    return int(written) if re.fullmatch(r"-?\d+", written) else float(written)


def _filled(template: str, **patterns: str) -> str:
    """The template as a pattern: its words escaped, its slots replaced."""
    pieces = re.split(r"\{(\w+)\}", template)
    return "".join(patterns[piece] if index % 2 else re.escape(piece) for index, piece in enumerate(pieces))


def _match(template: str, text: str, **patterns: str) -> re.Match[str] | None:
    slots = {name: f"(?P<{name}>{pattern})" for name, pattern in patterns.items()}
    return re.fullmatch(_filled(template, **slots), text, re.DOTALL)


def _split(text: str, joiner: str) -> Iterator[str]:
    """Parts between joiners that stand outside brackets and quotation marks."""
    start = 0
    for position, depth in _depths(text):
        if depth == 0 and position >= start and text.startswith(joiner, position):
            yield text[start:position]
            start = position + len(joiner)
    yield text[start:]


def _depths(text: str) -> Iterator[tuple[int, int]]:
    """Each position outside quotation marks, and how many brackets are open after it."""
    depth, is_quoted, is_escaped = 0, False, False
    for position, character in enumerate(text):
        if is_quoted:
            is_quoted = is_escaped or character != '"'
            is_escaped = character == "\\" and not is_escaped
        elif character == '"':
            is_quoted = True
        else:
            depth += (character in _OPENERS) - (character in _CLOSERS)
            yield position, depth


def _is_balanced(text: str) -> bool:
    depths = [0, *(depth for _, depth in _depths(text))]
    return min(depths) == 0 and depths[-1] == 0


def _unwrapped(text: str) -> str:
    """Without the brackets around the whole of it."""
    is_wrapped = text.startswith("(") and text.endswith(")")
    return text[1:-1] if is_wrapped and _is_balanced(text[1:-1]) else text
