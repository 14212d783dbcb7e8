"""How members of a simulated world answer messages: a stated model, so that the true effect is known.

Each delivered message draws its own fate, independent of every other one and of what the member would
do anyway:

- e-mail and push are opened with the channel's rate; an open leads to a click with the channel's rate.
  SMS is read with a rate that nobody can see, and a read SMS may be clicked. Members who prefer the
  channel open and read 1.25 times as often, others 0.9 times.
- some e-mails are opened by a machine within seconds; those events are marked.
- a message that was clicked, or seen without a click, causes one order that would not have happened,
  with the channel's rates; without a benefit in it, half as often. The order comes 1 to 10 days later.
  This is the whole true effect of a message: see `expected_orders`.
- a few members opt out of the channel shortly after seeing the message.

Nothing else is caused by messages: held-out members, and everybody's own orders, are untouched.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm.channels import SENDABLE_CHANNELS, Channel
from crm.datasets.days import HOUR, LocalDays
from crm.datasets.randomness import Bools, Floats, Ints, uniform, word_key


@dataclass(frozen=True)
class ChannelModel:
    """Rates, 0 to 1."""

    seen: float
    is_seeing_visible: bool
    clicked_if_seen: float
    machine_open: float
    order_if_clicked: float
    order_if_only_seen: float
    opt_out_if_seen: float


# Chosen so that a campaign to a few thousand members can be told from nothing about half of the time.
MODELS = {
    Channel.EMAIL: ChannelModel(0.34, True, 0.22, 0.10, 0.50, 0.12, 0.006),
    Channel.SMS: ChannelModel(0.70, False, 0.11, 0.0, 0.50, 0.07, 0.010),
    Channel.PUSH: ChannelModel(0.22, True, 0.30, 0.0, 0.50, 0.10, 0.008),
}
PREFERRED_FACTOR, OTHER_FACTOR = 1.25, 0.9
WITHOUT_BENEFIT_FACTOR = 0.5

MEAN_DELAY_TO_SEEING = 3.0 * HOUR
MEAN_DAYS_TO_ORDER = 1.5
MAX_DAYS_TO_ORDER = 10
HORIZON_DAYS = 14
"""Nothing happens because of a message later than this after its delivery."""
SLEEP_STARTS, SLEEP_ENDS = 23 * HOUR, 7 * HOUR
NEVER = -1


@dataclass(frozen=True)
class Delivered:
    """Delivered messages, one entry each."""

    member_id: Ints
    journey_id: Ints
    step: Ints
    """`word_key` of the step's key."""
    channel: Ints
    """Index into SENDABLE_CHANNELS."""
    delivered_at: Ints
    is_preferred: Bools
    has_benefit: Bools

    @property
    def keys(self) -> tuple[Ints, ...]:
        """What a message's fate is drawn by: not its id, which depends on who else was written to."""
        return self.member_id, self.journey_id, self.step, self.channel


@dataclass(frozen=True)
class Responses:
    """Moments as epoch seconds, NEVER where it does not happen; one entry a message."""

    machine_opened_at: Ints
    opened_at: Ints
    clicked_at: Ints
    opted_out_at: Ints
    ordered_at: Ints


def step_key(step: str) -> int:
    return word_key(step)


def respond(seed: int, messages: Delivered, days: LocalDays) -> Responses:
    """The fate of each message. `days` must reach HORIZON_DAYS beyond the last delivery."""

    def chance(purpose: str) -> Floats:
        return uniform(seed, f"response/{purpose}", *messages.keys)

    is_seen = chance("seen") < seen_rate(messages)
    is_clicked = is_seen & (chance("clicked") < _rates(messages, "clicked_if_seen"))
    is_opted_out = is_seen & (chance("opted out") < _rates(messages, "opt_out_if_seen"))
    order_rate = np.where(is_clicked, _rates(messages, "order_if_clicked"), _rates(messages, "order_if_only_seen"))
    is_ordered = is_seen & (chance("ordered") < order_rate * _benefit_factor(messages))

    delay = 60.0 - MEAN_DELAY_TO_SEEING * np.log(chance("delay"))
    seen_at = _awake(messages.delivered_at + np.minimum(delay, 2 * 24 * HOUR).astype(np.int64), days)
    clicked_at = seen_at + 20 + (100 * chance("reading")).astype(np.int64)
    waited = np.minimum(1 - np.floor(MEAN_DAYS_TO_ORDER * np.log(chance("waiting"))), MAX_DAYS_TO_ORDER)
    ordered_at = days.shopping_time(days.index_of(seen_at) + waited.astype(np.int64), chance("order hour"))
    is_prefetched = chance("machine") < _rates(messages, "machine_open")
    return Responses(
        machine_opened_at=_when(is_prefetched, messages.delivered_at + 1 + (8 * chance("fetch")).astype(np.int64)),
        opened_at=_when(is_seen & (_rates(messages, "is_seeing_visible") > 0), seen_at),
        clicked_at=_when(is_clicked, clicked_at),
        opted_out_at=_when(is_opted_out, clicked_at + 60),
        ordered_at=_when(is_ordered, ordered_at),
    )


def expected_orders(messages: Delivered) -> Floats:
    """The true effect: how many extra orders each message causes on average."""
    clicked = _rates(messages, "clicked_if_seen")
    by_sight = clicked * _rates(messages, "order_if_clicked") + (1 - clicked) * _rates(messages, "order_if_only_seen")
    return np.asarray(seen_rate(messages) * by_sight * _benefit_factor(messages))


def seen_rate(messages: Delivered) -> Floats:
    factor = np.where(messages.is_preferred, PREFERRED_FACTOR, OTHER_FACTOR)
    return np.minimum(_rates(messages, "seen") * factor, 0.98)


def _benefit_factor(messages: Delivered) -> Floats:
    return np.where(messages.has_benefit, 1.0, WITHOUT_BENEFIT_FACTOR)


def _rates(messages: Delivered, name: str) -> Floats:
    by_channel = np.array([float(getattr(MODELS[channel], name)) for channel in SENDABLE_CHANNELS])
    return np.asarray(by_channel[messages.channel])


def _awake(moments: Ints, days: LocalDays) -> Ints:
    """Moments in the night move on by nine hours, into the morning: nobody reads at three, and no event lies
    near midnight, where windows of days begin."""
    second = days.seconds_of_day(moments)
    asleep = (second >= SLEEP_STARTS) | (second < SLEEP_ENDS)
    return np.where(asleep, moments + 9 * HOUR, moments)


def _when(happens: Bools, moments: NDArray[np.int64]) -> Ints:
    return np.where(happens, moments, NEVER)
