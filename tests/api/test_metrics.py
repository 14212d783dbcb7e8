"""What Prometheus reads of a real server: the same as the log tells and the database holds."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from api.logs import configure_logs
from api.metrics import COUNTED, Metrics
from tests.api.conftest import Server, environment, serving
from tests.api.talking import Talk

ROOT = Path(__file__).parents[2]
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """The sum over the series that have these labels."""
    wanted = set(labels.items())
    return sum(amount for (each, has), amount in samples.items() if each == name and wanted <= has)


def test_a_conversation_and_what_waits_are_counted(server: Server) -> None:
    talk = Talk.opened(server.client("mia"))
    talk.say("how many gold members are there?")
    talk.say("how many silver members are there?")
    talk.say("draft a campaign for gold members in Beijing, 10% off by email, start Friday 9:30")
    samples = read(httpx.get(f"{server.url}/metrics").raise_for_status().text)
    assert value(samples, "nurture_tool_calls_total", tool="query_segment", effect="read", status="done") == 2
    assert value(samples, "nurture_tool_calls_total", tool="draft_campaign", effect="draft", status="done") == 1
    assert value(samples, "nurture_model_calls_total", model="planner", outcome="answered") == 6
    assert value(samples, "nurture_tool_seconds_count") == 3
    said = value(samples, "nurture_http_requests_total", route="/api/threads/{thread_id}/messages", status="200")
    assert said == 3
    assert value(samples, "nurture_journeys", state="running") >= 1
    assert value(samples, "nurture_messages_waiting") >= 1


@pytest.mark.parametrize("token", [None, "a token of ours"])
def test_metrics_are_shown_to_this_machine_or_to_who_bears_the_token(token: str | None, home: Path) -> None:
    settings = environment(home) | ({"NURTURE_METRICS_TOKEN": token} if token else {})
    with serving(home, settings) as server:
        bare = httpx.get(f"{server.url}/metrics")
        passed_on = httpx.get(f"{server.url}/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
        borne = httpx.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {token}"})
    assert passed_on.status_code == 403
    assert (bare.status_code, borne.status_code) == ((403, 200) if token else (200, 200))
    assert passed_on.headers["content-type"] == "application/problem+json"


def test_what_is_below_the_level_of_the_log_is_counted_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Metrics()
    configure_logs("WARNING", counts)
    log = structlog.get_logger()
    log.debug("engine.turned", worker="w", seconds=0.2)
    log.info("engine.turned", worker="w", seconds=0.3)
    log.warning("row.held", kind="journey", subject="journey:3")
    samples = read(counts.to_text().decode())
    assert value(samples, "nurture_engine_turns_total", worker="w") == 2
    assert value(samples, "nurture_engine_turn_seconds_sum") == pytest.approx(0.5)
    assert value(samples, "nurture_holds_total", kind="journey") == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_an_event_without_a_field_is_counted_and_never_stops_what_told_it() -> None:
    counts = Metrics()
    for event in COUNTED:
        assert counts(None, "info", {"event": event}) == {"event": event}
    assert counts(None, "info", {"event": "nobody.counts_this", "at": datetime.now(UTC)})
    assert value(read(counts.to_text().decode()), "nurture_tool_calls_total", tool="") == 1


def test_the_dashboard_asks_only_for_what_there_is() -> None:
    board = json.loads((ROOT / "docs" / "dashboards" / "nurture.json").read_text())
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"nurture_[a-z_]+", target["expr"])
    }
    counts = Metrics()
    for event in COUNTED:
        counts(None, "info", {"event": event})
    given = {name for name, _labels in read(counts.to_text().decode())}
    gauges = {"nurture_messages_waiting", "nurture_journeys", "nurture_approvals_pending", "nurture_workers"}
    assert asked <= given | gauges
    assert {name.rsplit("_", 1)[0] for name in given if name.endswith("_total")} <= {
        name.rsplit("_", 1)[0] for name in asked
    } | {"nurture_engine_postponed", "nurture_launches", "nurture_batches"}
