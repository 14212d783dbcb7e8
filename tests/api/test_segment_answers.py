"""Segments explained over the API and on the command line."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

from tests.api.conftest import Server

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SILENT = {"field": "orders.count", "op": "=", "value": 0, "window_days": 30}
PLATINUM = {"field": "tier", "op": "in", "value": ["platinum"]}
SEGMENT = {"all": [PLATINUM, SILENT]}


def test_a_segment_is_explained_in_every_way(server: Server) -> None:
    client = server.client("mia")

    def post(path: str, **body: Any) -> Any:
        answer = client.post(f"/api/segments/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    why = post("explain", definition=SEGMENT, member="Li Lei")
    assert [condition["path"] for condition in why["conditions"]] == ["all[0]", "all[1]"]
    assert why["is_member"] == (why["missed"] == [])
    assert why["read_back"].startswith("members where tier is platinum")
    edge = post("boundary", definition=SEGMENT, language="zh")
    assert edge["just_out"]
    assert {example["unit"] for example in edge["just_in"]} == {"days"}
    assert edge["read_back"].startswith("满足以下条件的会员")
    counts = post("marginal", definition=SEGMENT)
    query = post("query", definition=SEGMENT)
    assert counts["count"] == query["count"]
    without_tier = post("query", definition=SILENT)
    assert counts["parts"][0]["count"] == without_tier["count"]

    past = client.post("/api/segments/marginal?as_of=2026-03-01", json={"definition": SILENT}).json()
    assert past["as_of"] == "2026-03-01"
    assert past["read_back"].endswith("as of 2026-03-01")
    assert (
        client.post("/api/segments/query?as_of=2026-03-01", json={"definition": SILENT}).json()["count"]
        == past["count"]
    )


def test_words_become_a_definition_or_a_question(server: Server) -> None:
    client = server.client("mia")
    read = client.post("/api/segments/read", json={"text": "top 5% by spend this year, by city, as of 1 March"}).json()
    share = {"field": "orders.spend", "op": "top_percent", "value": 5}
    assert read["definition"]["all"][0] == share | {"window": {"from": "2026-01-01", "to": "2026-03-01"}}
    assert (read["group_by"], read["as_of"], read["question"]) == (["city"], "2026-03-01", None)
    asked = client.post("/api/segments/read", json={"text": "优质客户有哪些"}).json()
    assert asked["definition"] is None
    assert asked["question"]["asks"] == ["audience_definition"]


def test_what_makes_no_sense_is_refused_with_its_place(server: Server) -> None:
    client = server.client("mia")
    wrong = {"all": [PLATINUM, {"field": "spend", "op": ">", "value": 1}]}
    for path, more in (("explain", {"member": "Li Lei"}), ("boundary", {}), ("marginal", {})):
        answer = client.post(f"/api/segments/{path}", json={"definition": wrong, **more})
        assert (answer.status_code, answer.json()["path"]) == (422, "all[1].field")
    nobody = client.post("/api/segments/explain", json={"definition": SEGMENT, "member": "Nobody Atall"})
    assert nobody.status_code == 404
    past = client.post("/api/segments/boundary?as_of=2026-03-01", json={"definition": PLATINUM})
    assert (past.status_code, past.json()["path"]) == (422, "as_of")


def test_the_command_line_explains(run_command: Run) -> None:
    definition = json.dumps(SEGMENT)
    member = run_command("segment", "explain", "--definition", definition, "--member", "Li Lei")
    assert member.returncode == 0, member.stderr
    assert "holds" in member.stdout
    whole = run_command("segment", "explain", "--definition", definition, "--json")
    shown = json.loads(whole.stdout)
    assert shown["plan"][0].split()[0] in ("member", "facts")
    assert len(shown["conditions"]["parts"]) == 2
    counted = run_command("segment", "count", "--definition", definition, "--explain")
    assert "number of orders" in counted.stdout.splitlines()[2]
    past = run_command("segment", "ids", "--definition", json.dumps(SILENT), "--as-of", "2026-03-01")
    assert past.stdout.split()
    future = run_command("segment", "ids", "--definition", json.dumps(SILENT), "--as-of", "2027-03-01")
    assert future.returncode != 0
    assert "cannot be told yet" in future.stderr
