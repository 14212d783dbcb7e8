"""Every word that the reader knows, found in a sentence by the longest match, and the mending of misspelt ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import OSA

from crm.fields import Field
from crm.fields import Kind as FieldKind
from crm.segments.language.dates import MONTHS, WEEKDAYS
from crm.segments.language.kinds import Entity, FieldValue, Kind, Payload
from crm.segments.language.numbers import ENGLISH_NUMBERS, TIMES
from crm.segments.language.text import Token, fold, stem, tokenize
from crm.segments.language.words_en import ENGLISH
from crm.segments.language.words_zh import CHINESE

_LINKS = {"-", "'", ".", "/", "&"}
"""Marks inside a name that people leave out."""
_TIME_WORDS = (
    "last past next previous coming since before after until between during today yesterday tomorrow morning evening"
    " afternoon day week month quarter year hour weekend ago recent this couple several thousand million dollar yuan"
    " percent date range"
)
_OTHER_WORDS = (
    "send sends sent sending sender launch launched draft create created schedule scheduled pause resume approve share"
    " shared report reports review offer offers discount holdout control free shipping gift start starts starting end"
    " ends budget cost design plan please weather phone letter person build prepare where there these those then them"
    " they their when while about write test tests point call calls stage start state store stores story sports teaser"
    " reminder subject body voucher title people person would could should might mother father spring summer winter"
    " autumn fall north south east west friend friends family week open close closed points price prices paid other"
    " others under after every never three seven eight could great thanks sorry happy best most very much many hours"
    " warm-up warm care cares card cards double single bonus reward rewards match batch"
)
"""Right as they stand: without this list `shared` would be mended to `share`, `sender` to `spender`."""
_COMPOSED = ("consent.", "reachable.")
"""Fields that the grammar puts together from an act and a channel."""
MIN_MENDED = 4
_LONG = 9
_SHORTHAND = {"lst": "last", "pst": "past", "nxt": "next", "hvnt": "haven't", "abt": "about", "btw": "between"}


def _is_ending(word: str, other: str) -> bool:
    """One word is the other with an ending: `shared` is not a misspelt `share`."""
    return len(word) <= _LONG and (word.startswith(other) or other.startswith(word))


@dataclass(frozen=True)
class Spelling:
    """One way to write one or more values of a field."""

    field: str
    values: tuple[str, ...]
    words: str


@dataclass
class _Branch:
    branches: dict[str, "_Branch"] = field(default_factory=dict)
    meaning: tuple[Kind, Payload] | None = None


class Lexicon:
    """Phrases to what they mean. A hyphen or an apostrophe between words does not matter, nor does the plural."""

    def __init__(self, spellings: Iterable[Spelling], fields: Mapping[str, Field], names: Iterable[str] = ()) -> None:
        """`names` are right as they stand, whatever their words would mean."""
        self._root = _Branch()
        self._words: set[str] = set()
        spellings = tuple(spellings)
        channels = [spelling.words for spelling in spellings if spelling.field == "channel"]
        for entry in fields.values():
            self._add_field(entry, channels)
        for table in (ENGLISH, CHINESE):
            for kind, names in table.items():
                for name, phrases in names.items():
                    for phrase in phrases.split("|"):
                        self._add(phrase, kind, name)
        for spelling in spellings:
            self._add(spelling.words, Kind.VALUE, FieldValue(spelling.field, spelling.values))
        plain = (_TIME_WORDS + " " + _OTHER_WORDS).split()
        self._words.update(token.text for name in names for token in tokenize(fold(name)) if token.is_word)
        self._words.update(plain, ENGLISH_NUMBERS, TIMES, MONTHS, (name for name in WEEKDAYS if name.isascii()))
        self._long_words = sorted(word for word in self._words if len(word) >= MIN_MENDED)

    def _add_field(self, entry: Field, channels: Iterable[str]) -> None:
        """The words of the catalog; not those that name a channel, which is read for itself."""
        if entry.is_sensitive or entry.name.startswith(_COMPOSED):
            return
        kind = Kind.FIELD if entry.kind in (FieldKind.CHOICE, FieldKind.SET) else Kind.ANCHOR
        for phrase in (*entry.words_en, *entry.words_zh, entry.label.en, entry.label.zh):
            if not any(channel in phrase for channel in channels):
                self._add(phrase, kind, entry.name)

    def _add(self, phrase: str, kind: Kind, value: Payload) -> None:
        tokens = [token for token in tokenize(fold(phrase)) if token.text not in _LINKS or phrase in _LINKS]
        if not tokens:
            return
        branch = self._root
        for token in tokens:
            branch = branch.branches.setdefault(stem(token.text), _Branch())
            if token.is_word:
                self._words.update((token.text, token.text.replace("'", "")))
        branch.meaning = (kind, value)
        if any("'" in token.text for token in tokens):
            self._add(phrase.replace("'", ""), kind, value)

    def mend(self, word: str) -> str:
        """The known word that `word` most likely means; the word itself when it is known or nothing is near."""
        if word in _SHORTHAND:
            return _SHORTHAND[word]
        if (
            len(word) < MIN_MENDED
            or word in self._words
            or stem(word) in self._words
            or stem(word) + "s" in self._words
        ):
            return word
        allowed = 2 if len(word) >= _LONG else 1
        near = [other for other in self._long_words if other[0] == word[0] and not _is_ending(word, other)]
        found = process.extractOne(word, near, scorer=OSA.distance, score_cutoff=allowed)
        if found is None:
            return word
        mended = found[0]
        if len(word) == MIN_MENDED and sorted(mended) != sorted(word):
            return word
        return mended

    def find(self, working: str) -> Iterator[Entity]:
        """Every known phrase that starts at any word; they may overlap."""
        tokens = tokenize(working)
        for index, token in enumerate(tokens):
            for (kind, value), last in self._phrases_at(tokens, index):
                end = tokens[last].end
                yield Entity(kind, value, token.start, end, working[token.start : end])

    def _phrases_at(self, tokens: list[Token], index: int) -> Iterator[tuple[tuple[Kind, Payload], int]]:
        """The meanings of the phrases that start at a token, with the index of their last token."""
        branch = self._root
        for position in range(index, len(tokens)):
            text = tokens[position].text
            if position > index and text in _LINKS and text not in branch.branches:
                continue
            following = branch.branches.get(stem(text))
            if following is None:
                return
            branch = following
            if branch.meaning is not None:
                yield branch.meaning, position


_MARKS = {
    ",": Kind.COMMA,
    ";": Kind.BUT,
    ".": Kind.STOP,
    "?": Kind.STOP,
    "!": Kind.STOP,
    ":": Kind.COMMA,
    "\n": Kind.STOP,
}


def find_marks(working: str) -> Iterator[Entity]:
    for position, character in enumerate(working):
        if character in _MARKS:
            yield Entity(_MARKS[character], None, position, position + 1, character)
