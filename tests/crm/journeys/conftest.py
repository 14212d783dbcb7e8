"""Somebody who walks journeys."""

from datetime import datetime

import pytest

from crm.database import Sessions
from tests.walks import Walker


@pytest.fixture
def walker(sessions: Sessions, now: datetime) -> Walker:
    return Walker(sessions, now)
