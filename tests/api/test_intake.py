"""Orders from a file come in once; facts are checked and built anew from the command line."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import update

from crm.activity.models import MEMBER_FACTS
from crm.database import open_sessions, unit_of_work
from tests.api.conftest import database_of

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def order(key: str, **changes: Any) -> str:
    values = {"order": key, "member": "M0000012", "ordered_at": "2026-05-31T12:00"}
    return json.dumps(values | {"lines": [{"product": "P-coffee-1", "amount": 12.5}]} | changes)


def test_the_right_orders_come_in_once_and_each_wrong_line_is_named(run_command: Run, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    wrong = [order("X-2", member="M9999999"), order("X-3", lines=[]), "nonsense"]
    file.write_text("\n".join([order("X-1"), *wrong]))
    answer = run_command("orders", "import", str(file), "--json")
    assert answer.returncode == 1
    assert json.loads(answer.stdout) == {"added": 1, "known": 0, "wrong": 3}
    for sentence in ("order X-2: there is no such member", "line 3: lines", "line 4: Invalid JSON"):
        assert sentence in answer.stderr
    file.write_text(order("X-1"))
    again = run_command("orders", "import", str(file))
    assert (again.returncode, again.stdout) == (0, "0 orders added, 1 known already, 0 wrong\n")
    assert run_command("facts", "check").returncode == 0


def test_a_fact_that_differs_is_named_and_mended(run_command: Run, home: Path) -> None:
    with database_of(home) as engine, unit_of_work(open_sessions(engine)) as session:
        session.execute(update(MEMBER_FACTS).where(MEMBER_FACTS.c.member_id <= 3).values(spend_90d=-1))
    answer = run_command("facts", "check")
    assert (answer.returncode, answer.stdout) == (1, "member_facts.spend_90d: 3 differ\n")
    assert run_command("facts", "rebuild").returncode == 0
    assert run_command("facts", "check").stdout == "every fact equals the rows behind it\n"
