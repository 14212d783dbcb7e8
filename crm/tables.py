"""Gathers the tables of every room of the domain, for migrations and for tests."""

from crm import workers, workspace
from crm.access import models as access
from crm.activity import models as activity
from crm.campaigns import models as campaigns
from crm.insights import models as insights
from crm.journeys import models as journeys
from crm.lifecycle import models as lifecycle
from crm.loyalty import models as loyalty
from crm.members import changes
from crm.members import models as members
from crm.outreach import models as outreach
from crm.outreach.channels import models as channels
from crm.reports import models as reports
from crm.segments import models as segments
from crm.success import models as success

ROOMS = (
    workspace,
    workers,
    access,
    members,
    changes,
    activity,
    segments,
    loyalty,
    lifecycle,
    success,
    insights,
    outreach,
    channels,
    journeys,
    campaigns,
    reports,
)
