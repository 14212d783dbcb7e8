"""A text that could burn memory or break the engine is refused by every way in, whoever sends it, and never a 500."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.bounds import MOST_GOAL
from crm.campaigns.models import Campaign
from crm.database import unit_of_work
from crm.datasets.people import DEMO_PASSWORD
from tests.api.conftest import CopyHome, settings_of

POISON = {
    "{{ 'x' * 10**9 }}": "a number within braces",
    "{% for i in range(10**9) %}x{% endfor %}": "says {% for %}",
    "{% if name %}" * 60 + "x" + "{% endif %}" * 60: "more than 8 deep",
    "{{ " + "(" * 900 + "name" + ")" * 900 + " }}": "more than 8 deep",
    "{{ name|center(10**9) }}": "a number within braces",
    "{{ " + " ~ ".join(["name"] * 250) + " }}": "more than 40 words",
    "{{ ''.__class__.__mro__ }}": "does more than name a field",
    "您好" + "好" * 20_000: "at most",
    "您好 {{ 姓名.__class__ }}": "does more than name a field",
}


@pytest.fixture(scope="module")
def nurture(loaded_home: Any, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nurture]:
    opened = bootstrap(settings_of(copy_home(loaded_home, tmp_path_factory.mktemp("poison") / "home")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sign_in(nurture: Nurture) -> Callable[[str], TestClient]:
    app = create_app(nurture, internal_token="internal", with_pages=False)

    def client(username: str) -> TestClient:
        signed_in = TestClient(app)
        signed_in.post("/api/session", json={"username": username, "password": DEMO_PASSWORD}).raise_for_status()
        return signed_in

    return client


def journey(**wording: str) -> dict[str, Any]:
    words = {"channel": "email", "subject": "Tea", "body": "Hello"} | wording
    steps = [{"kind": "wait", "key": "rest", "days": 1}, {"kind": "send", "key": "greet", "channels": ["email"]}]
    steps[1]["wordings"] = [words]  # type: ignore[assignment]
    return {"name": "Tea time", "trigger": {"kind": "by_hand"}, "steps": steps}


def brief(name: str, **copy: str) -> dict[str, Any]:
    return {
        "name": name,
        "audience": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]},
        "channels": ["email"],
        "copy_texts": [{"channel": "email", "subject": "Tea", "body": "Hello"} | copy],
    }


@pytest.mark.parametrize(("text", "complaint"), POISON.items(), ids=[text[:30] for text in POISON])
def test_every_way_in_refuses_it(sign_in: Callable[[str], TestClient], text: str, complaint: str) -> None:
    leo, mia = sign_in("leo"), sign_in("mia")
    harmless = mia.post("/api/campaigns", json=brief("Harmless"), headers={"Idempotency-Key": "harmless"}).json()
    for part in ("subject", "body"):
        poisoned = brief("Poison", **{part: text})
        checked = leo.post("/api/journeys/validate", json=journey(**{part: text}))
        assert checked.status_code == 200, checked.text
        assert [m["path"] for m in checked.json()["mistakes"]] == [f"steps[1].wordings[0].{part}"]
        assert complaint in checked.text
        for answer in (
            mia.post("/api/journeys", json=journey(**{part: text})),
            mia.post("/api/journeys/preview", json={"spec": journey(**{part: text}), "member": "1"}),
            mia.post("/api/campaigns", json=poisoned),
            mia.patch(f"/api/campaigns/{harmless['id']}", json={"changes": {"copy_texts": poisoned["copy_texts"]}}),
        ):
            assert (answer.status_code, complaint in answer.json()["detail"]) == (422, True), answer.text


# A text that is too long makes its brief one that cannot be read, whatever stands in it.
READABLE = [text for text in POISON if len(text) <= MOST_GOAL]


@pytest.mark.parametrize("text", READABLE, ids=[text[:30] for text in READABLE])
def test_one_that_stands_in_the_store_is_a_sentence_in_previews_plans_and_requests(
    nurture: Nurture, sign_in: Callable[[str], TestClient], text: str
) -> None:
    mia = sign_in("mia")
    headers = {"Idempotency-Key": "stored"}
    campaign = mia.post("/api/campaigns", json=brief("Stored before"), headers=headers).json()
    with unit_of_work(nurture.sessions) as session:
        stored = campaign["brief"] | {"copy_texts": brief("", subject=text)["copy_texts"]}
        session.execute(update(Campaign).where(Campaign.id == campaign["id"]).values(brief=stored))
    one = f"/api/campaigns/{campaign['id']}"
    for answer in (mia.post(f"{one}/preview", json={"member": "1"}), mia.post(f"{one}/submit", json={})):
        assert answer.status_code == 422, answer.text
        assert "text" in answer.json()["detail"]
    assert mia.get(one).status_code == 200
    assert mia.get(f"{one}/plan").status_code in (200, 422)
