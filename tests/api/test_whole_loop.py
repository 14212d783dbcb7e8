"""The main job, end to end: ask, plan, approve, send, review, learn. Real server, real graph, real database."""

from pathlib import Path

import httpx
from sqlalchemy import text

from tests.api.conftest import Server, database_of
from tests.api.talking import Talk

PLATINUM_WITHOUT_ORDERS = """
    SELECT count(*) FROM members m WHERE tier = 'platinum' AND NOT EXISTS (
        SELECT 1 FROM orders o WHERE o.member_id = m.id
        AND o.ordered_at >= 1777651200 AND o.ordered_at < 1780329600)
"""
"""From 2 May to 1 June 2026, whole days of Shanghai."""

SENT_AGAINST_CONSENT = """
    SELECT count(*) FROM outbox_items i
    LEFT JOIN consents c ON c.member_id = i.member_id AND c.channel = i.channel
    WHERE c.member_id IS NULL OR (NOT c.granted AND c.changed_at <= i.accepted_at)
    OR EXISTS (SELECT 1 FROM suppressions s WHERE s.member_id = i.member_id)
"""
"""Who opted out after the message had arrived does not count."""

OUTBOX_OF_CAMPAIGN = """
    SELECT count(*) FROM outbox_items o JOIN messages m ON m.provider_ref = 'outbox:' || o.idempotency_key
    JOIN campaigns c ON c.journey_id = m.journey_id WHERE c.id = {}
"""

ENROLLED = "SELECT count(*) FROM enrolments e JOIN campaigns c ON c.journey_id = e.journey_id WHERE c.id = {}"


def scalar(home: Path, sql: str) -> int:
    with database_of(home) as engine, engine.connect() as connection:
        value: int = connection.execute(text(sql)).scalar_one()
        return value


def walk(client: httpx.Client, to: str) -> None:
    client.post("/api/workspace/clock", json={"at": to}).raise_for_status()


def test_a_win_back_from_the_first_question_to_the_lesson(server: Server, home: Path) -> None:
    mia, grace = server.client("mia"), server.client("grace")
    talk = Talk.opened(mia)

    asked = talk.say("how many platinum members have not bought anything in the last 30 days?").card("query_segment")
    assert asked["count"] == scalar(home, PLATINUM_WITHOUT_ORDERS)

    drafted = talk.say(
        "draft a win-back campaign for them: 20% off coupon by SMS and e-mail, start Thursday 10:00, "
        "keep 10% as holdout"
    ).card("draft_campaign")
    brief, plan = drafted["brief"], drafted["plan"]
    assert brief["start"].startswith("2026-06-04T10:00")
    assert (set(brief["channels"]), brief["holdout_pct"]) == ({"sms", "email"}, 10)
    assert plan["audience_count"] == asked["count"]
    assert scalar(home, "SELECT count(*) FROM outbox_items") == 0

    question = talk.say("submit it for approval").first("confirmation_asked")
    talk.decide(question["interrupt_id"], "approve")
    name, campaign_id = drafted["name"], drafted["campaign_id"]
    decision = {"fingerprint": mia.get(f"/api/campaigns/{campaign_id}").json()["fingerprint"]}
    refused = mia.post(f"/api/campaigns/{campaign_id}/approve", json=decision)
    assert refused.status_code == 403
    waiting = grace.get("/api/approvals").raise_for_status().json()
    assert [item["campaign"] for item in waiting if item["campaign_id"] == campaign_id] == [name]
    grace.post(f"/api/campaigns/{campaign_id}/approve", json={"note": "go", **decision}).raise_for_status()

    walk(grace, "2026-06-04T22:00:00+08:00")
    monitor = mia.get(f"/api/campaigns/{campaign_id}/monitor").raise_for_status().json()
    counts = monitor["counts"]
    assert counts["delivered"] == scalar(home, OUTBOX_OF_CAMPAIGN.format(campaign_id)) > 0
    assert counts["planned"] == sum(counts[part] for part in ("pending", "delivered", "failed", "unknown", "excluded"))
    assert monitor["members"] == scalar(home, ENROLLED.format(campaign_id)) > monitor["holdout"] > 0
    assert {row["reason"] for row in monitor["exclusions"]} >= {"no_consent", "holdout"}
    assert scalar(home, SENT_AGAINST_CONSENT) == 0

    walk(grace, "2026-06-20T12:00:00+08:00")
    reviewed = talk.say("how did the win-back do?").card("review_campaign")["review"]
    assert reviewed["campaign"] == name
    assert {"incremental_gmv_total", "retention_lift", "roi"} <= {metric["id"] for metric in reviewed["metrics"]}
    pdf = mia.get(f"/api/campaigns/{campaign_id}/review.pdf").raise_for_status()
    assert pdf.content.startswith(b"%PDF")

    learned = talk.say("what did we learn about SMS win-backs?").card("search_insights")
    assert any(name in hit["source"] for hit in learned["hits"])


def test_a_confirmation_survives_a_killed_server(home: Path) -> None:
    from tests.api.conftest import serving

    with serving(home) as server:
        talk = Talk.opened(server.client("mia"))
        talk.say("draft a campaign for gold members in Beijing, 10% off by email, start Friday 9:30")
        question = talk.say("submit it for approval").first("confirmation_asked")
        server.kill()
    assert scalar(home, "SELECT count(*) FROM approvals WHERE CAST(facts AS TEXT) LIKE '%Beijing%'") == 0

    with serving(home) as server:
        again = Talk(server.client("mia"), talk.thread_id)
        assert [entry["kind"] for entry in again.entries() if entry["is_open"]] == ["confirmation"]
        again.decide(question["interrupt_id"], "approve")
        pending = server.client("grace").get("/api/approvals").raise_for_status().json()
        assert len([item for item in pending if item["requested_by"] == "Mia Chen"]) >= 1
