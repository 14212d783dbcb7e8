"""At its default size the demo has somebody in every segment that the development requests name."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from crm.access.service import find_actor
from crm.catalog import CATALOG, segment_scope
from crm.database import open_engine, open_sessions, read_only
from crm.datasets.demo import load_demo
from crm.segments import service
from crm.segments.definition import parse_definition

CASES = Path(__file__).parents[3] / "evals" / "cases" / "language_dev.jsonl"
NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
MEMBERS_TO_MANAGE = 100
"""The scenarios ask for so many platinum members."""


def test_no_gold_segment_is_empty(empty_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "full.sqlite"
    shutil.copy(empty_database, path)
    engine = open_engine(f"sqlite:///{path}")
    sessions = open_sessions(engine)
    load_demo(sessions)
    counts: dict[str, int] = {}
    with read_only(sessions) as session:
        for line in CASES.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            tree = case["expect"].get("semantics") or case["expect"].get("audience")
            if tree is not None:
                scope = segment_scope(session, find_actor(session, case["persona"]), NOW)
                counts[case["id"]] = service.count(session, parse_definition(tree, CATALOG), scope)
        platinum = parse_definition({"field": "tier", "op": "in", "value": ["platinum"]}, CATALOG)
        everybody = segment_scope(session, find_actor(session, "ops"), NOW)
        assert service.count(session, platinum, everybody) >= MEMBERS_TO_MANAGE
    engine.dispose()
    assert len(counts) > 40
    assert [case for case, count in counts.items() if count == 0] == []
