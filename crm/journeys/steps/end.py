"""The member has walked through."""

from collections.abc import Iterator

from crm.journeys.phrases import Phrases
from crm.journeys.steps.kind import Data, Exit, StepKind, Walk, WayInWords
from crm.outreach.spec import EndStep


def _take(walk: Walk, step: EndStep) -> None:
    walk.batch.leave(step.key, walk.batch.is_due(step.key), None)


def _exits(_step: Data, _path: str) -> Iterator[Exit]:
    return iter(())


def _ways_in_words(_phrases: Phrases, _step: EndStep) -> Iterator[WayInWords]:
    return iter(())


END_STEP = StepKind[EndStep](
    name="end",
    take=_take,
    in_words=lambda phrases, _step: phrases.say("End", "结束"),
    new=lambda _others, _place: {},
    exits=_exits,
    ways_in_words=_ways_in_words,
    ends=True,
)
