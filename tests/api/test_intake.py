"""Orders from a file come in once; facts are checked and built anew from the command line."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from api.cli.console import notes, say, say_json
from crm.activity.models import MEMBER_FACTS, Order
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


AWKWARD = [
    (order("A-1"), None),
    (order("A-2", ordered_at="20260520"), None),
    (order("A-3", ordered_at=46162.4), None),
    (order("A-4", ordered_at="2026-05-01 09:59:00 +0200"), None),
    (order("A-5", ordered_at="10/2/2025 10:56"), "line 5: ordered_at: '10/2/2025 10:56' can be two days"),
    (order("A-6", lines=[{"product": "P-coffee-1", "amount": 1e30}]), "line 6: amount is more than"),
    (order("A-7", lines=[{"product": "P-coffee-1", "amount": "1,234.50"}]), None),
    (order("A-8", lines=[{"product": "P-coffee-1", "amount": float("nan")}]), "line 8: amount is no number"),
    (order("A-9", lines=[{"product": "P-coffee-1", "amount": 19_000_000}] * 2), "line 9: order A-9: its amounts"),
    (order("A\x0010"), "line 10: a key holds a character"),
    (order("A-11", ordered_at=5), "line 11: ordered_at: the number 5 is no moment"),
    (order("A-12", member="\ud800"), "line 12: member"),
    ("[" * 100_000, "line 13: Invalid JSON"),
    (order("A-14", lines=[{"product": "P-coffee-1", "amount": 1, "quantity": 10**12}]), "line 14: lines.0.quantity"),
    (order("A-15"), None),
]


def test_no_line_costs_the_others_and_the_first_is_not_lost(run_command: Run, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes("\n".join(line for line, _ in AWKWARD).encode("utf-16"))
    answer = run_command("orders", "import", str(file), "--json")
    wrong = [sentence for _, sentence in AWKWARD if sentence is not None]
    assert answer.returncode == 1
    assert json.loads(answer.stdout) == {"added": len(AWKWARD) - len(wrong), "known": 0, "wrong": len(wrong)}
    for sentence in wrong:
        assert sentence in answer.stderr
    with database_of(home) as engine, open_sessions(engine)() as session:
        moments = session.execute(select(Order.ordered_at).where(Order.external_ref.like("A-%")))
        assert {moment.year for (moment,) in moments} == {2026}


@pytest.mark.parametrize("command", ["\x1b[2J", "\x9b2J", "\x90q\x9c", "\x07", "\u202egnp", "\u2066x", "\x85"])
def test_no_words_from_a_file_command_the_terminal(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """Order keys and members' names come from strangers; CSI is a control in one character, too."""
    words = f"order {command}1: 张敏, Zoë, مريم 👩\u200d💻"
    say(words)
    say_json({"name": words})
    notes.print(words, markup=False, soft_wrap=True)
    printed = capsys.readouterr()
    for told in (printed.out, printed.err):
        assert not any(sign in told for sign in command if not sign.isascii() or not sign.isprintable())
        assert "张敏, Zoë, مريم 👩\u200d💻" in told
    assert json.loads(printed.out.split("\n", 1)[1]) == {"name": words}


def test_a_fact_that_differs_is_named_and_mended(run_command: Run, home: Path) -> None:
    with database_of(home) as engine, unit_of_work(open_sessions(engine)) as session:
        session.execute(update(MEMBER_FACTS).where(MEMBER_FACTS.c.member_id <= 3).values(spend_90d=-1))
    answer = run_command("facts", "check")
    assert (answer.returncode, answer.stdout) == (1, "member_facts.spend_90d: 3 differ\n")
    assert run_command("facts", "rebuild").returncode == 0
    assert run_command("facts", "check").stdout == "every fact equals the rows behind it\n"
