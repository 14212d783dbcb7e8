"""A lesson as the text that is searched, and as the hit that is shown."""

from hashlib import sha256

from crm.insights.models import Insight
from knowledge_base.port import InsightHit


def document_of(insight: Insight) -> str:
    """What is embedded: topic, claim in both languages and the names in its scope. State and figures may change
    without a new meaning, so they stay out."""
    scope = insight.scope
    names = [str(scope.get("goal", "")), *map(str, scope.get("channels", ())), *map(str, scope.get("tiers", ()))]
    return "\n".join(part for part in (insight.topic, insight.claim, insight.claim_zh, " ".join(names)) if part)


def fingerprint_of(document: str) -> str:
    return sha256(document.encode()).hexdigest()


def hit_of(insight: Insight, score: float) -> InsightHit:
    return InsightHit(
        insight_id=insight.id,
        key=insight.key,
        topic=insight.topic,
        claim=insight.claim,
        claim_zh=insight.claim_zh,
        state=insight.state,
        metric=insight.metric,
        effect=insight.effect,
        effect_low=insight.effect_low,
        effect_high=insight.effect_high,
        scope=insight.scope,
        evidence=tuple(insight.evidence),
        source=_source(insight),
        score=score,
    )


def _source(insight: Insight) -> str:
    reviews = [
        f"review of {item['campaign']}, version {item.get('version', 1)}"
        + (" (contradicts it)" if item.get("contradicts") else "")
        for item in insight.evidence
        if "campaign" in item
    ]
    return "; ".join(reviews) or "written by hand"
