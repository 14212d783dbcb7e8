"""What a load did: every figure of the source beside the figure that now stands in the database."""

from dataclasses import dataclass
from typing import Any

from crm.errors import Conflict


@dataclass(frozen=True)
class LoadLine:
    what: str
    """e.g. `orders`, or `paid in orders (cents)`."""
    source_total: int
    loaded_total: int


@dataclass(frozen=True)
class LoadSummary:
    dataset: str
    already_loaded: bool
    """The data set stood there before; nothing was changed."""
    lines: tuple[LoadLine, ...]
    seconds: float

    def require_equal_totals(self) -> None:
        """Raises Conflict when a total in the database is not the one of the source."""
        wrong = [line for line in self.lines if line.source_total != line.loaded_total]
        if wrong:
            differences = "; ".join(f"{line.what}: {line.loaded_total} of {line.source_total}" for line in wrong)
            raise Conflict(f"the {self.dataset} load does not add up and was undone ({differences})")

    def to_json(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "already_loaded": self.already_loaded,
            "seconds": round(self.seconds, 1),
            "totals": [
                {"what": line.what, "source": line.source_total, "loaded": line.loaded_total} for line in self.lines
            ],
        }

    def to_text(self) -> str:
        if self.already_loaded:
            first = f"{self.dataset} is loaded already; nothing was changed"
        else:
            first = f"loaded {self.dataset} in {self.seconds:.1f} s; every total equals its source"
        width = max((len(line.what) for line in self.lines), default=0)
        header = f"  {'':<{width}}  {'source':>14}  {'loaded':>14}"
        rows = (f"  {line.what:<{width}}  {line.source_total:>14,}  {line.loaded_total:>14,}" for line in self.lines)
        return "\n".join([first, header, *rows])
