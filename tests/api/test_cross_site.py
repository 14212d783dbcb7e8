"""Only our own pages make a browser change something; programs and mail programs are not browsers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from api.app import create_app
from api.bootstrap import Nurture, bootstrap
from api.cross_site import HARMLESS, WITHOUT_COOKIE, why_foreign
from api.host_names import allowed_hosts, host_name
from crm.access.logins import logins_of
from crm.access.service import find_actor
from crm.access.tokens import create_api_token
from crm.database import read_only, unit_of_work
from crm.settings import Settings
from tests.accounts import browser, machine_now, settle, sign_in

LOCAL, PUBLIC = "127.0.0.1:8000", "https://crm.example.com"


def headers(**said: str) -> Headers:
    return Headers({name.replace("_", "-"): value for name, value in {"host": LOCAL, **said}.items()})


@pytest.mark.parametrize(
    ("said", "is_ours"),
    [
        ({}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "same-site", "origin": "http://127.0.0.1:8000"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": ""}, False),
        ({"sec_fetch_site": "Same-Origin"}, False),
        ({"sec_fetch_site": "none", "origin": "https://evil.example"}, False),
        ({"origin": "http://127.0.0.1:8000"}, True),
        ({"origin": "http://127.0.0.1:8001"}, False),
        ({"origin": "http://127.0.0.1"}, False),
        ({"origin": "http://localhost:8000"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "http://127.0.0.1:8000.evil.example"}, False),
        ({"origin": "http://127.0.0.1:8000@evil.example"}, False),
        ({"origin": "http://evil.example/127.0.0.1:8000"}, False),
        ({"origin": "file://127.0.0.1:8000"}, False),
        ({"origin": "http://127.0.0.1:notaport"}, False),
        ({"origin": "http://[::1"}, False),
        ({"origin": PUBLIC}, True),
        ({"origin": "http://crm.example.com"}, False),
        ({"origin": "https://crm.example.com:8443"}, False),
        ({"host": "crm.example.com", "origin": "http://crm.example.com"}, False),
        ({"host": "crm.example.com", "origin": PUBLIC}, True),
        ({"host": "crm.example.com:443", "origin": PUBLIC}, True),
        ({"host": "[::1]:8000", "origin": "http://[::1]:8000"}, True),
        ({"host": "LOCALHOST:8000", "origin": "http://localhost:8000"}, True),
        ({"referer": "http://127.0.0.1:8000/campaigns"}, True),
        ({"referer": "https://evil.example/"}, False),
        ({"referer": "http://127.0.0.1:9/"}, False),
    ],
)
def test_what_a_browser_says_about_where_a_request_comes_from(said: dict[str, str], is_ours: bool) -> None:
    assert (why_foreign(headers(**said), scheme="http", public_url=PUBLIC) is None) == is_ours


def test_a_page_without_tls_is_not_ours_when_we_have_it() -> None:
    said = headers(host="club.example", origin="http://club.example")
    assert why_foreign(said, scheme="https", public_url=None) is not None
    assert why_foreign(said, scheme="http", public_url=None) is None


def test_what_is_said_twice_is_not_believed() -> None:
    for name in (b"origin", b"sec-fetch-site"):
        twice = Headers(raw=[(b"host", LOCAL.encode()), (name, b"http://127.0.0.1:8000"), (name, b"same-origin")])
        assert why_foreign(twice, scheme="http", public_url=None) is not None


@pytest.fixture
def nurture(tmp_path: Path) -> Iterator[Nurture]:
    opened = bootstrap(Settings(home=tmp_path / "home"))
    settle(opened)
    yield opened
    opened.close()


def changing_routes(nurture: Nurture) -> list[tuple[str, str]]:
    app = create_app(nurture, internal_token="t", with_pages=False)
    found = [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if method.upper() not in HARMLESS
    ]
    assert len(found) > 40
    return [*found, ("POST", "/u/token")]


def test_no_route_that_changes_something_is_moved_by_another_page(nurture: Nurture) -> None:
    """Every route there is, with a cookie and without, whatever its body is."""
    foreign = {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver:9"}
    with browser(nurture, "ada") as ada:
        for method, path in changing_routes(nurture):
            answer = ada.request(method, path, headers=foreign)
            is_public = path.startswith(WITHOUT_COOKIE)
            assert answer.json().get("type") == "urn:nurture:foreign_origin" if not is_public else True, path
            assert (answer.status_code == 403) is not is_public, path
        assert ada.get("/api/me", headers=foreign).json()["username"] == "ada"
        ada.cookies.clear()
        assert ada.post("/api/session", headers=foreign, data={"username": "mia"}).status_code == 403


def test_our_pages_programs_and_bearers_of_tokens_go_on_working(nurture: Nurture) -> None:
    with unit_of_work(nurture.sessions) as session:
        token = create_api_token(session, find_actor(session, "ada"), name="script", now=machine_now()).secret
    with browser(nurture) as client:
        own = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
        body = {"username": "mia", "password": "correct horse battery"}
        client.post("/api/session", json=body, headers=own).raise_for_status()
        client.delete("/api/me/sessions", headers={"Origin": "http://testserver"}).raise_for_status()
        client.delete("/api/me/sessions").raise_for_status()
        client.cookies.clear()
        bearer = {"Authorization": f"Bearer {token}", "Origin": "https://dashboard.example"}
        client.post("/api/people/kevin/disable", headers=bearer).raise_for_status()
        basic = {"Authorization": "Basic YWRhOng=", "Origin": "https://dashboard.example"}
        assert client.post("/api/people/kevin/enable", headers=basic).status_code == 403


def test_somebody_elses_page_neither_signs_a_browser_in_nor_out(nurture: Nurture) -> None:
    with browser(nurture, "grace") as grace:
        for said in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            body = {"username": "mia", "password": "correct horse battery"}
            assert grace.post("/api/session", json=body, headers=said).status_code == 403
            assert grace.delete("/api/session", headers=said).status_code == 403
        assert grace.get("/api/me").json()["username"] == "grace"


@pytest.mark.parametrize(
    ("base_url", "public_url", "said", "is_tls"),
    [
        ("http://testserver", None, {}, False),
        ("http://127.0.0.1:8000", PUBLIC, {}, False),
        ("https://testserver", None, {}, True),
        ("http://crm.example.com", PUBLIC, {}, True),
        ("http://127.0.0.1:8000", PUBLIC, {"X-Forwarded-Proto": "https"}, True),
        ("http://127.0.0.1:8000", None, {"X-Forwarded-Proto": "https"}, False),
        ("http://club.example", "http://club.example", {"X-Forwarded-Proto": "https"}, False),
    ],
)
def test_the_cookie_is_bound_to_tls_where_there_is_tls(
    nurture: Nurture, base_url: str, public_url: str | None, said: dict[str, str], is_tls: bool
) -> None:
    seen = Nurture(**{**vars(nurture), "settings": nurture.settings.model_copy(update={"public_url": public_url})})
    with browser(seen, base_url=base_url, headers=said) as client:
        cookie = sign_in(client, "mia").headers["set-cookie"]
    assert cookie.startswith("__Host-nurture_session=" if is_tls else "nurture_session=")
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= parts
    assert ("secure" in parts) == is_tls
    assert not any(part.startswith("domain") for part in parts)


def test_behind_tls_a_cookie_without_the_prefix_is_nobodys(nurture: Nurture) -> None:
    """Another port of the host can set a plain one, and fix a session by it."""
    with browser(nurture, base_url="https://testserver") as client:
        token = sign_in(client, "mia").headers["set-cookie"].partition("=")[2].partition(";")[0]
        client.cookies.clear()
        assert client.get("/api/me", headers={"Cookie": f"nurture_session={token}"}).status_code == 401
        assert client.get("/api/me", headers={"Cookie": f"__Host-nurture_session={token}"}).status_code == 200


def test_a_sign_in_makes_a_new_session_and_ends_the_one_before_it(nurture: Nurture) -> None:
    with browser(nurture, "mia") as client:
        first = client.cookies["nurture_session"]
        sign_in(client, "grace").raise_for_status()
        assert client.cookies["nurture_session"] != first
        client.cookies.clear()
        assert client.get("/api/me", headers={"Cookie": f"nurture_session={first}"}).status_code == 401
        client.cookies.set("nurture_session", "chosen by somebody else")
        sign_in(client, "mia").raise_for_status()
    with read_only(nurture.sessions) as session:
        mia = find_actor(session, "mia")
        assert len(logins_of(session, mia.account_id, machine_now())) == 1


def test_signing_out_ends_the_session_in_the_database(nurture: Nurture) -> None:
    with browser(nurture, "mia") as client:
        token = client.cookies["nurture_session"]
        client.delete("/api/session").raise_for_status()
        assert "nurture_session" not in client.cookies
        assert client.get("/api/me", headers={"Cookie": f"nurture_session={token}"}).status_code == 401


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8000", "localhost"),
        ("127.0.0.1:8000", "127.0.0.1"),
        ("[::1]:8000", "::1"),
        ("localhost.", "localhost"),
        ("crm.example.com:443", "crm.example.com"),
        ("", None),
        ("a b", None),
        ("evil.example/localhost", None),
        ("user@localhost", None),
        ("localhost:port", None),
        ("localhost:99999", None),
        ("[::1", None),
        (":8000", None),
        ("a,b", None),
    ],
)
def test_a_host_header_is_read_or_refused(host: str, name: str | None) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("settings", "answered", "refused"),
    [
        (Settings(), ["localhost", "127.0.0.1", "::1"], ["evil.example", "10.0.0.1", "localhost.evil.example"]),
        (Settings(public_url=PUBLIC), ["crm.example.com", "localhost"], ["example.com", "x.crm.example.com"]),
        (Settings(host="10.0.0.7"), ["10.0.0.7"], ["10.0.0.8"]),
        (Settings(host="0.0.0.0"), ["10.0.0.8", "fe80::1", "0.0.0.0"], ["evil.example", "1.2.3.4.evil.example"]),
        (Settings(allowed_hosts="Club.local, nurture"), ["club.local", "nurture"], ["club", "other"]),
        (Settings(allowed_hosts="*"), ["anything.example"], []),
    ],
)
def test_the_names_that_a_server_answers_to(settings: Settings, answered: list[str], refused: list[str]) -> None:
    hosts = allowed_hosts(settings)
    assert [name for name in answered if not hosts.allow(name)] == []
    assert [name for name in refused if hosts.allow(name)] == []


def test_a_foreign_host_is_refused_with_what_to_do(nurture: Nurture) -> None:
    app = create_app(nurture, internal_token="t", with_pages=False, hosts=allowed_hosts(nurture.settings))
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/api/me", headers={"Host": "evil.example"})
        assert (answer.status_code, answer.json()["type"]) == (421, "urn:nurture:unknown_host")
        assert "NURTURE_ALLOWED_HOSTS" in answer.json()["detail"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.get("/api/me", headers={"Host": "a b"}).status_code == 400
