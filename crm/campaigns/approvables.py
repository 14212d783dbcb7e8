"""Every kind of thing that needs an approval. A new kind is one entry here; what it brings stands in its room."""

from typing import Any

from crm.access.approvable import Approvable
from crm.campaigns.approval import CAMPAIGN
from crm.journeys.approval import JOURNEY

APPROVABLES: tuple[Approvable[Any], ...] = (CAMPAIGN, JOURNEY)
