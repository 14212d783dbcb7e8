"""Words of a person as a definition, and a definition as words."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from agent.planner.language import Language, language_of
from api.ui.segments.asking import Ground
from crm.segments.definition import ARRANGEMENT, Definition
from crm.segments.describe import describe
from crm.segments.language.reader import read_segment

Json = dict[str, Any]


@dataclass(frozen=True)
class WordsRead:
    """What was understood: a definition, or a question to the person."""

    definition: Json | None
    question: str | None
    unread: tuple[str, ...]
    """Words with a meaning that found no place in the definition."""
    language: Language
    as_of: date | None = None
    """A past day that the words speak of."""


def read_words(words: str, ground: Ground) -> WordsRead:
    """Read what a person wrote, in English or Chinese."""
    reading = read_segment(words, ground.vocabulary, ground.scope.today)
    language = language_of(words)
    if reading.question is not None or reading.request is None:
        question = reading.question.words if reading.question else None
        return WordsRead(None, question, reading.unread, language)
    request = reading.request
    listing = {key: getattr(request, key) for key in ARRANGEMENT if getattr(request, key, None) is not None}
    return WordsRead(request.definition | listing, None, reading.unread, language, request.as_of)


def words_for(definition: Definition, ground: Ground, language: Language) -> str:
    """Words that are read as this definition. Whose members are meant is the reader's right and stands beside them."""
    return describe(definition, replace(ground.scope, row_owner_id=None), language=language)


def read_back(definition: Definition, ground: Ground, language: Language) -> str:
    return describe(definition, ground.scope, language=language)
