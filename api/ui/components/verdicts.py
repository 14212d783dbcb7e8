"""What may be concluded from a number, as a chip of one colour and one wording everywhere."""

from api.ui.theme import Tone, chip
from crm.reports.blocks import MetricVerdict, ReviewKind

_VERDICTS: dict[MetricVerdict, tuple[str, Tone, str]] = {
    MetricVerdict.EFFECT: ("Measured effect", "good", "check_circle"),
    MetricVerdict.CANNOT_TELL: ("Cannot tell", "warn", "help_outline"),
    MetricVerdict.TOO_FEW: ("Too few members", "warn", "group_off"),
    MetricVerdict.NO_HOLDOUT: ("No holdout", "neutral", "block"),
    MetricVerdict.OBSERVATIONAL: ("Association only", "info", "visibility"),
    MetricVerdict.DESCRIPTIVE: ("Count", "neutral", "tag"),
}
KINDS: dict[ReviewKind, str] = {
    ReviewKind.NOT_LAUNCHED: "Not launched yet",
    ReviewKind.RANDOMISED: "Randomised holdout",
    ReviewKind.NO_HOLDOUT: "Without holdout",
    ReviewKind.OBSERVATIONAL: "Observational",
}


def verdict_chip(verdict: MetricVerdict) -> None:
    words, tone, symbol = _VERDICTS[verdict]
    chip(words, tone, symbol)
