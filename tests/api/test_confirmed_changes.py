"""Over HTTP, what is not one's own draft changes only with `confirm`; percentages below 1 are asked about."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from crm.datasets.people import DEMO_PASSWORD
from tests.api.conftest import CopyHome, settings_of

SignIn = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def sign_in(loaded_home: Any, copy_home: CopyHome, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignIn]:
    nurture: Nurture = bootstrap(settings_of(copy_home(loaded_home, tmp_path_factory.mktemp("confirmed") / "home")))
    app = create_app(nurture, internal_token="internal", with_pages=False)

    def client(username: str) -> TestClient:
        signed_in = TestClient(app)
        signed_in.post("/api/session", json={"username": username, "password": DEMO_PASSWORD}).raise_for_status()
        return signed_in

    yield client
    nurture.close()


def drafted(client: TestClient, name: str) -> str:
    brief = {
        "name": name,
        "audience": {"all": [{"field": "tier", "op": "in", "value": ["gold"]}]},
        "channels": ["email"],
        "holdout_pct": 10,
    }
    answer = client.post("/api/campaigns", json=brief)
    assert answer.status_code == 201, answer.text
    return f"/api/campaigns/{answer.json()['id']}"


def test_what_waits_for_approval_changes_only_with_confirm(sign_in: SignIn) -> None:
    mia = sign_in("mia")
    campaign = drafted(mia, "Waits")
    assert mia.patch(campaign, json={"changes": {"holdout_pct": 15}}).json()["brief"]["holdout_pct"] == 15
    mia.post(f"{campaign}/submit", json={}).raise_for_status()
    refused = mia.patch(campaign, json={"changes": {"holdout_pct": 20}})
    assert (refused.status_code, refused.json()["title"]) == (409, "not confirmed")
    later = {"start": "2027-01-04T10:00"}
    assert mia.post(f"{campaign}/submit", json=later).status_code == 409
    assert mia.get(campaign).json()["state"] == "awaiting_approval"
    changed = mia.patch(campaign, json={"changes": {"holdout_pct": 20}, "confirm": True}).json()
    assert (changed["state"], changed["brief"]["holdout_pct"]) == ("draft", 20)


def test_somebody_elses_draft_changes_only_with_confirm(sign_in: SignIn) -> None:
    campaign = drafted(sign_in("mia"), "Of Mia")
    grace = sign_in("grace")
    assert grace.patch(campaign, json={"changes": {"goal": "thanks"}}).status_code == 409
    grace.patch(campaign, json={"changes": {"goal": "thanks"}, "confirm": True}).raise_for_status()


@pytest.mark.parametrize(
    "changes", [{"holdout_pct": 0.1}, {"holdout_pct": 0.9}, {"offers": [{"kind": "percent_off", "value": 0.2}]}]
)
def test_a_percentage_below_1_is_asked_about(sign_in: SignIn, changes: dict[str, Any]) -> None:
    mia = sign_in("mia")
    campaign = drafted(mia, f"Share {changes}"[:60])
    refused = mia.patch(campaign, json={"changes": changes})
    assert refused.status_code == 422
    assert "meant or" in refused.json()["detail"]
