"""A confirmed act: what stands between a request and the change of something that is not the person's own draft."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from crm.errors import Conflict


@dataclass(frozen=True)
class Confirmed:
    """A person was asked whether this shall happen and said yes.

    Only the confirmed path of the agent's desk makes one, and a page, a route or a command from an explicit
    parameter of its own.
    """

    seen: str | None = None
    """The mark of what was shown with the question (`mark_of`); None: they mean it as it stands now."""


class NotConfirmed(Conflict):
    """The act changes something that is not the person's own draft, and nobody confirmed it."""

    code = "not_confirmed"

    def __init__(self, message: str, *, mark: str | None = None) -> None:
        super().__init__(message)
        self.mark = mark
        """Of what stands there now: a yes to this very thing carries it (`Confirmed.seen`)."""


def mark_of(state: str, content: Mapping[str, Any]) -> str:
    """Equal as long as a thing stands as it was shown: in the same state, with the same content."""
    words = json.dumps([state, content], sort_keys=True, ensure_ascii=False, default=str)
    return sha256(words.encode()).hexdigest()[:32]


def require_confirmed(confirmed: Confirmed | None, *, mark: str, why: str, name: str) -> None:
    """Raises NotConfirmed without a confirmation, Conflict when the thing is not what was shown with the question."""
    if confirmed is None:
        raise NotConfirmed(f"{why}; to change it all the same, confirm it", mark=mark)
    if confirmed.seen not in (None, mark):
        raise Conflict(f"{name} was changed since you were asked about it; look at it and ask again")
