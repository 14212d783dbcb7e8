"""At its default size the demo has somebody in every segment that the development requests name.

And the product finds exactly those whom an evaluator outside the product finds in an export.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm.access.service import find_actor
from crm.catalog import CATALOG, segment_scope
from crm.database import open_engine, open_sessions, read_only
from crm.datasets.demo import load_demo
from crm.migrations import migrate
from crm.segments import service
from crm.segments.definition import parse_definition
from crm.segments.scope import SegmentScope
from evals.language import outside
from evals.language.cases import DEV_FILE, PERSONAS, Case, read_cases
from evals.language.outside import Asker, Record
from tests.api.conftest import environment, nurture_command

NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
MEMBERS_TO_MANAGE = 100
"""The scenarios ask for so many platinum members."""
GOLDS = [
    (case, tree)
    for case in read_cases(DEV_FILE)
    for tree in (case.expect.get("semantics"), case.expect.get("audience"), *case.expect.get("alternatives", []))
    if tree is not None
]


@dataclass(frozen=True)
class Demo:
    """The full demo: open to be asked, and as exported."""

    session: Session
    exported: list[Record]

    def scope(self, case: Case) -> SegmentScope:
        return segment_scope(self.session, find_actor(self.session, PERSONAS[case.persona]), NOW)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    home = tmp_path_factory.mktemp("golds")
    engine = open_engine(f"sqlite:///{home / 'nurture.sqlite'}")
    migrate(engine)
    sessions = open_sessions(engine)
    load_demo(sessions, catalog=CATALOG)
    command = nurture_command("members", "export", "--json-lines", "--today", "2026-06-01")
    export = subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=120, check=True)
    with read_only(sessions) as session:
        yield Demo(session, outside.read_records(export.stdout.splitlines()))
    engine.dispose()


def asker(case: Case) -> Asker:
    """A customer success manager asks for his own members only."""
    is_csm = case.persona == "csm"
    return Asker(date(2026, 6, 1), PERSONAS["csm"] if is_csm else None, sees_own_only=is_csm)


@pytest.mark.parametrize(("case", "tree"), GOLDS, ids=[case.id for case, _ in GOLDS])
def test_a_gold_has_members_and_they_are_those_found_outside_the_product(
    demo: Demo, case: Case, tree: dict[str, Any]
) -> None:
    keys = () if "group_by" in case.expect else ("order_by", "limit")
    listing = {key: case.expect[key] for key in keys if key in case.expect}
    ids = service.member_ids(demo.session, parse_definition({**tree, **listing}, CATALOG), demo.scope(case))
    assert ids
    assert ids == outside.listed(case.expect, tree, demo.exported, asker(case))


GROUPED = [(case, tree) for case, tree in GOLDS if case.kind == "segment_breakdown"]


@pytest.mark.parametrize(("case", "tree"), GROUPED, ids=[case.id for case, _ in GROUPED])
def test_the_groups_of_a_gold_are_those_found_outside_the_product(demo: Demo, case: Case, tree: dict[str, Any]) -> None:
    metric = service.parse_metric(case.expect["metric"], CATALOG)
    definition, keys = parse_definition(tree, CATALOG), tuple(case.expect["group_by"])
    found = service.break_down(demo.session, definition, demo.scope(case), keys, metric)
    expected = outside.groups(case.expect, outside.members(tree, demo.exported, asker(case)), asker(case))
    assert {group.key: group.value for group in found.groups} == pytest.approx(expected)


def test_every_request_of_the_development_set_that_names_members_is_among_them() -> None:
    assert len(read_cases(DEV_FILE)) == 80
    assert len({case.id for case, _ in GOLDS}) == 48


def test_there_are_enough_platinum_members_to_manage(demo: Demo) -> None:
    assert sum(record["tier"] == "platinum" for record in demo.exported) >= MEMBERS_TO_MANAGE
