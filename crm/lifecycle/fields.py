"""What segments can ask of the stage, risk and value of a member."""

from crm.columns import stored
from crm.fields import Field, Kind, Unit, Value
from crm.lifecycle.models import STAGE_WORDS, STAGES, MemberScore
from crm.words import Text

NOT_SCORED = "not scored yet: no comparison holds, and neither does its opposite"
NO_STAGE = "counts as none of the values: `in` leaves the member out, `not_in` keeps the member"

FIELDS = (
    Field(
        name="lifecycle_stage",
        kind=Kind.CHOICE,
        source=Value(stored(MemberScore.lifecycle_stage), member_id=MemberScore.member_id),
        label=Text("lifecycle stage", "生命周期阶段"),
        words_en=("lifecycle stage", "stage", "lifecycle"),
        words_zh=("生命周期", "生命周期阶段", "阶段"),
        missing=NO_STAGE,
        values=STAGES,
        values_zh={stage: words.zh for stage, words in STAGE_WORDS.items()},
    ),
    Field(
        name="churn_risk",
        kind=Kind.NUMBER,
        source=Value(stored(MemberScore.churn_risk), member_id=MemberScore.member_id),
        label=Text("churn risk", "流失风险"),
        words_en=("churn risk", "churn probability", "risk of leaving", "likely to churn"),
        words_zh=("流失风险", "流失概率"),
        unit=Unit.PROBABILITY,
        missing=NOT_SCORED,
    ),
    Field(
        name="clv",
        kind=Kind.NUMBER,
        source=Value(stored(MemberScore.clv_cents), member_id=MemberScore.member_id),
        label=Text("customer lifetime value", "客户终身价值"),
        words_en=("clv", "customer lifetime value", "lifetime value", "ltv"),
        words_zh=("客户终身价值", "终身价值", "生命周期价值"),
        unit=Unit.MONEY,
        missing=NOT_SCORED,
    ),
)
