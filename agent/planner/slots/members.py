"""Which member a request names. A name that several members share is reported with its bearers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PERSON = re.compile(
    r"\b(?P<owner>[A-Z][a-z]+(?: [A-Z][a-z]+)?)'s\b|\b(?:for|to|about|of|is|was|does|did"
    r"|tell)\s(?P<object>[A-Z][a-z]+(?: [A-Z][a-z]+)?)\b"
)
CANDIDATES_OFFERED = 6


@dataclass(frozen=True)
class MemberMention:
    """`name` when exactly one member can be meant, else the `candidates`."""

    name: str | None
    candidates: tuple[str, ...] = ()


def find_member(text: str, names: Sequence[str], local_names: Mapping[str, str]) -> MemberMention | None:
    """The member that the text speaks of; None when it speaks of nobody known."""
    for local, name in local_names.items():
        if local in text:
            return MemberMention(name)
    for match in _PERSON.finditer(text.replace("’", "'")):
        said = match.group("owner") or match.group("object")
        if said in names:
            return MemberMention(said)
        sharing = tuple(name for name in names if said in name.split())
        if sharing:
            return MemberMention(sharing[0]) if len(sharing) == 1 else MemberMention(None, sharing)
    return None
