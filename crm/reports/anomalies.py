"""Rates that stand out against this house's other campaigns on the same channel: pure, frozen facts in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from scipy import stats

from crm.channels import Channel
from crm.outreach.models import MessageEventKind
from crm.reports.blocks import Anomaly
from crm.reports.metrics import METRICS
from crm.reports.queries import ChannelCounts
from crm.reports.words import Words, channel_words, share_words

MIN_MESSAGES = 100
"""Below this many messages a rate says too little, in the campaign and in a peer alike."""
MIN_PEERS = 3
PREDICTION = 0.99
"""Flag what 99 of 100 comparable campaigns would not show: four rates on three channels are looked at each time."""


@dataclass(frozen=True)
class Rate:
    metric: str
    hits: int
    n: int

    @property
    def value(self) -> float:
        return self.hits / self.n


def find_anomalies(
    own: Mapping[Channel, ChannelCounts], peers: Mapping[Channel, Sequence[ChannelCounts]]
) -> tuple[Anomaly, ...]:
    """At least `MIN_PEERS` other campaigns with `MIN_MESSAGES` each must tell what is usual."""
    found = (
        _find(channel, rate, [peer for counts in peers.get(channel, ()) for peer in _rates(channel, counts)])
        for channel, counts in own.items()
        for rate in _rates(channel, counts)
    )
    return tuple(anomaly for anomaly in found if anomaly is not None)


def _rates(channel: Channel, counts: ChannelCounts) -> Iterable[Rate]:
    rates = [
        Rate("delivery_rate", counts.delivered, counts.ended),
        Rate("click_rate", counts.event(MessageEventKind.CLICKED), counts.delivered),
        Rate("unsubscribe_rate", counts.event(MessageEventKind.UNSUBSCRIBED), counts.delivered),
    ]
    if channel is not Channel.SMS:
        rates.append(Rate("open_rate", counts.event(MessageEventKind.OPENED), counts.delivered))
    return [rate for rate in rates if rate.n >= MIN_MESSAGES]


def _find(channel: Channel, rate: Rate, peer_rates: Sequence[Rate]) -> Anomaly | None:
    peers = [peer.value for peer in peer_rates if peer.metric == rate.metric]
    if len(peers) < MIN_PEERS:
        return None
    low, high = usual_range(peers, rate.n)
    if low <= rate.value <= high:
        return None
    label, name = METRICS[rate.metric].label, channel_words(channel.value)
    usual = f"{share_words(low)} – {share_words(high)}"
    return Anomaly(
        metric=rate.metric,
        channel=channel.value,
        value=rate.value,
        usual_low=low,
        usual_high=high,
        peers=len(peers),
        n=rate.n,
        words=Words(
            en=f"{label.en} on {name.en} is {share_words(rate.value)} of {rate.n:,} messages;"
            f" {len(peers)} other campaigns make {usual} usual.",
            zh=f"{name.zh}{label.zh}为 {share_words(rate.value)}（{rate.n:,} 条消息）；"
            f"另外 {len(peers)} 个活动的常见范围为 {usual}。",
        ),
    )


def usual_range(peers: Sequence[float], n: int) -> tuple[float, float]:
    """Where the rate of one more campaign with n messages would lie, 99 times of 100.

    Prediction interval of a normal sample (Whitmore 1986, The American Statistician 40:141): mean +- t x
    sqrt(s^2 (1 + 1/k)), plus the binomial spread p(1-p)/n of the new campaign itself, cut to [0, 1].
    """
    mean, count = fmean(peers), len(peers)
    spread = sqrt(stdev(peers) ** 2 * (1 + 1 / count) + mean * (1 - mean) / n)
    half = float(stats.t.ppf(0.5 + PREDICTION / 2, count - 1)) * spread
    return max(0.0, mean - half), min(1.0, mean + half)
