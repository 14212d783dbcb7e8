"""What people say, word for word, and the segment they mean by it.

`wordings.jsonl` has the form of language/spec.md; each of its batches was written before its first reading.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from meaning import TODAY, normal, selection

from crm.catalog import CATALOG
from crm.segments.definition import parse_definition
from crm.segments.language.reader import Reading, SegmentRequest, read_segment
from crm.segments.language.vocabulary import Vocabulary

WORDINGS = Path(__file__).parent / "wordings.jsonl"
DEVELOPMENT = Path(__file__).parents[4] / "evals" / "cases" / "language_dev.jsonl"


def segment_cases(path: Path) -> list[Any]:
    cases = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [pytest.param(case, id=case["id"]) for case in cases if case["kind"].startswith("segment")]


def read_turns(turns: list[str], vocabulary: Vocabulary) -> Reading:
    reading = Reading(None, None, ())
    previous: SegmentRequest | None = None
    for turn in turns:
        reading = read_segment(turn, vocabulary, TODAY, previous=previous)
        previous = reading.request or previous
    return reading


@pytest.mark.parametrize("case", [*segment_cases(WORDINGS), *segment_cases(DEVELOPMENT)])
def test_words_are_read_as_they_were_meant(case: dict[str, Any], vocabulary: Vocabulary) -> None:
    expect = case["expect"]
    reading = read_turns(case["turns"], vocabulary)
    assert reading.question is None
    request = reading.request
    assert request is not None
    accepted = [normal(tree) for tree in [expect["semantics"], *expect.get("alternatives", [])]]
    assert normal(request.definition) in accepted
    assert selection(asdict(request)) == selection(expect)
    parse_definition(request.definition, CATALOG)
