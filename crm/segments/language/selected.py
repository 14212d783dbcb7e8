"""What a request asks for beside its conditions."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Selection:
    order_by: Json | None = None
    limit: int | None = None
    limit_percent: float | None = None
    group_by: tuple[str, ...] = ()
    metric: Json | None = None
    direction: str | None = None
    """ "bottom 10 instead": a direction whose measure stands in the request before."""
    bare_function: str | None = None
    """ "and the median?": a function whose measure stands in the request before."""
    awaits_window: list[Json] = field(default_factory=list)
    """Measures over rows that were named without a period: a period left over belongs to them."""
