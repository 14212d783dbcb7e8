"""What an intent is: it says how well it fits a request, and turns the request into an act."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from agent.planner.acts import Act, Ask, Pending
from agent.planner.request import Request

# How well an intent fits. Only the order matters: the best fit is planned.
FORBIDDEN = 1.0
"""The request asks for what nobody may do."""
EXPLICIT = 0.9
"""A command with its object: 'pause Summer Skincare'."""
LIKELY = 0.7
"""A command whose object must be taken from the conversation, or a clear question."""
POSSIBLE = 0.5
WEAK = 0.3
NONE = 0.0


class Intent(ABC):
    """One thing people ask for. Adding a capability means adding one of these to `INTENTS`."""

    name: ClassVar[str]

    @abstractmethod
    def score(self, request: Request) -> float:
        """From `NONE` to `FORBIDDEN`, read from the words and the focus."""

    @abstractmethod
    def plan(self, request: Request) -> Act: ...

    def complete(self, request: Request, pending: Pending) -> Act | None:
        """The act for an answer to this intent's own question; None when the answer does not fill what was missing."""
        return None


@dataclass(frozen=True)
class Cues:
    """Words that point to an intent, English and Chinese, as two regular expressions."""

    en: str
    zh: str

    def found_in(self, text: str) -> bool:
        return self._pattern().search(text) is not None

    def first(self, text: str) -> re.Match[str] | None:
        return self._pattern().search(text)

    def _pattern(self) -> re.Pattern[str]:
        # `re` keeps compiled patterns, so this costs a dictionary look-up.
        return re.compile(rf"\b(?:{self.en})\b|{self.zh}")


def which(request: Request, en: str, zh: str) -> str:
    """The words in the language of the request."""
    return zh if request.language == "zh" else en


def ask_campaign(request: Request, intent: str, args: dict[str, object], candidates: tuple[str, ...]) -> Ask:
    """Ask which campaign is meant, offering the candidates."""
    offered = ", ".join(candidates)
    en = f"Which campaign do you mean: {offered}?" if candidates else "Which campaign do you mean?"
    zh = f"您指的是哪个活动：{'、'.join(candidates)}？" if candidates else "您指的是哪个活动？"
    return Ask(("which_campaign",), which(request, en, zh), Pending(intent, args, ("campaign",)))
