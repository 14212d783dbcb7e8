"""The kinds of steps that there are."""

from collections.abc import Mapping
from typing import Any

from crm.journeys.steps.branch import BRANCH
from crm.journeys.steps.end import END_STEP
from crm.journeys.steps.kind import StepKind
from crm.journeys.steps.send import SEND
from crm.journeys.steps.split import SPLIT
from crm.journeys.steps.task import TASK
from crm.journeys.steps.wait import WAIT
from crm.words import by_name

STEP_KINDS: Mapping[str, StepKind[Any]] = by_name((SEND, WAIT, BRANCH, SPLIT, TASK, END_STEP))
