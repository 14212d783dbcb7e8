"""Reads the cases: one JSON object a line, as the language specification describes them."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from crm.errors import InvalidRequest

DEV_FILE = Path(__file__).parent.parent / "cases" / "language_dev.jsonl"
SEGMENT_KINDS = frozenset({"segment_count", "segment_list", "segment_breakdown"})
PERSONAS = {"ops": "ops", "csm": "Kevin Zhao", "manager": "Grace Lin"}
"""Who asks. The specification names the CSM and the manager of the demo; operations is any such person."""


class Case(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    persona: str
    lang: str
    kind: str
    turns: list[str]
    expect: dict[str, Any]
    feat: list[str] = []
    n_conditions: int = 0


def read_cases(path: Path) -> list[Case]:
    """All cases of a file. Raises InvalidRequest naming the line that is wrong; a file without cases is wrong too."""
    if not path.is_file():
        raise InvalidRequest(f"there is no file {path}")
    cases = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            cases.append(Case(**json.loads(line)))
        except (ValidationError, ValueError, TypeError) as error:
            raise InvalidRequest(f"{path}, line {number} is no case of the language specification: {error}") from error
    if not cases:
        raise InvalidRequest(f"{path} holds no cases")
    return cases
