"""Everything the planner understands. A new capability is one more intent in this list."""

from agent.planner.intents.base import Intent
from agent.planner.intents.drafting import ChangeCampaign, DraftCampaign
from agent.planner.intents.explaining import ExplainMembership, ExplainSegment
from agent.planner.intents.journeys import JOURNEY_INTENTS
from agent.planner.intents.operating import (
    ApproveCampaign,
    CancelCampaign,
    PauseCampaign,
    RejectCampaign,
    ResumeCampaign,
    ScheduleCampaign,
    SubmitCampaign,
)
from agent.planner.intents.refusing import RefuseBypass, RefuseConsent, RefuseContactExport, RefuseOffTopic
from agent.planner.intents.reviewing import CompareCampaigns, ExportReview, ReviewCampaign, SearchInsights
from agent.planner.intents.saving import ListSegments, SaveSegment, ShowSegment
from agent.planner.intents.segments import QuerySegment
from agent.planner.intents.talking import Help, SmallTalk
from agent.planner.intents.unsupported import Unsupported
from agent.planner.intents.watching import ListCampaigns, MonitorCampaign, PlanCampaign, ShowCampaign

# Of two that fit equally well the earlier one is planned.
INTENTS: tuple[Intent, ...] = (
    RefuseContactExport(),
    RefuseConsent(),
    RefuseBypass(),
    RefuseOffTopic(),
    *JOURNEY_INTENTS,
    CompareCampaigns(),
    ExportReview(),
    ResumeCampaign(),
    PauseCampaign(),
    RejectCampaign(),
    ApproveCampaign(),
    SubmitCampaign(),
    CancelCampaign(),
    ScheduleCampaign(),
    ChangeCampaign(),
    DraftCampaign(),
    Unsupported(),
    MonitorCampaign(),
    PlanCampaign(),
    ReviewCampaign(),
    SearchInsights(),
    ExplainSegment(),
    ExplainMembership(),
    SaveSegment(),
    ShowSegment(),
    ListSegments(),
    ListCampaigns(),
    ShowCampaign(),
    QuerySegment(),
    Help(),
    SmallTalk(),
)
