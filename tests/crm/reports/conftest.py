"""What tests of reviews share."""

from datetime import datetime, timedelta

import pytest


@pytest.fixture
def launched_at(now: datetime) -> datetime:
    return now - timedelta(days=20)
