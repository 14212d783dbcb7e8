"""Sends members different ways by chance."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm.experiments.assignment import way
from crm.journeys.phrases import Phrases
from crm.journeys.schedulers.stepwise.batch import BATCH
from crm.journeys.steps.kind import Data, Exit, StepKind, Walk, WayInWords
from crm.outreach.spec import SplitStep


def _take(walk: Walk, step: SplitStep) -> None:
    weights = [(each.to, each.weight) for each in step.ways]
    drawn = way(f"{walk.spec.experiment}/{step.key}", BATCH.c.person_id, weights)
    walk.batch.leave(step.key, walk.batch.is_due(step.key), drawn)


def _exits(step: Data, path: str) -> Iterator[Exit]:
    ways = step.get("ways")
    for index, each in enumerate(ways if isinstance(ways, list | tuple) else ()):
        if isinstance(each, Mapping) and each.get("to") is not None:
            yield Exit(f"{path}.ways[{index}].to", each["to"])


def _in_words(phrases: Phrases, step: SplitStep) -> str:
    return phrases.say(f"Split by chance into {len(step.ways)} ways", f"随机分为 {len(step.ways)} 路")


def _ways_in_words(_phrases: Phrases, step: SplitStep) -> Iterator[WayInWords]:
    total = sum(each.weight for each in step.ways)
    yield from (WayInWords(f"{each.weight / total * 100:.3g}%", each.to) for each in step.ways)


def _new(others: Sequence[str], place: int) -> dict[str, Any]:
    named = (others[place % len(others)], others[-1]) if others else ()
    return {"ways": [{"to": key, "weight": 1} for key in named]}


SPLIT = StepKind[SplitStep](
    name="split", take=_take, in_words=_in_words, new=_new, exits=_exits, ways_in_words=_ways_in_words
)
