"""What a real server shows to other machines, other pages and other accounts of this machine."""

import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from api.bootstrap import Nurture, bootstrap
from api.demo_warning import refuse_demo_passwords
from api.folder_rights import make_private, open_to_others
from crm.access.demo_passwords import look_once, people_with_demo_passwords
from crm.access.models import Account
from crm.access.passwords import DEMO_PASSWORD
from crm.database import read_only, unit_of_work
from crm.errors import InvalidRequest
from crm.settings import Settings
from tests.accounts import CHEAP, browser, make_person, settle, sign_in
from tests.api.conftest import Server, environment, nurture_command, serving

SOCKET = "/_nicegui_ws/socket.io/"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
POLLING = {"EIO": "4", "transport": "polling"}
WEBSOCKET = {"EIO": "4", "transport": "websocket"}


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one person of each role; its folder was left open by an older version."""
    home = tmp_path_factory.mktemp("club") / "home"
    nurture = bootstrap(Settings(home=home))
    settle(nurture)
    nurture.close()
    home.chmod(0o755)
    (home / "nurture.sqlite").chmod(0o644)
    with serving(home, environment(home) | {"NURTURE_ALLOWED_HOSTS": "club.local"}) as server:
        yield server


@pytest.mark.parametrize("params", [POLLING, WEBSOCKET])
def test_the_pages_socket_takes_our_own_pages_only(club: Server, params: dict[str, str]) -> None:
    more = UPGRADE if params is WEBSOCKET else {}

    def knock(**said: str) -> int:
        headers = {**more, **{name.replace("_", "-"): value for name, value in said.items()}}
        with httpx.stream("GET", f"{club.url}{SOCKET}", params=params, headers=headers) as answer:
            return answer.status_code

    ours = 101 if params is WEBSOCKET else 200
    assert knock(Origin=club.url) == ours
    for foreign in ("https://evil.example", "http://127.0.0.1:1", "null", club.url.replace("127.0.0.1", "localhost")):
        assert knock(Origin=foreign) == 403, foreign
    assert knock(Sec_Fetch_Site="same-site") == 403
    assert knock(Host="evil.example", Origin="http://evil.example") == (403 if params is WEBSOCKET else 421)


@pytest.mark.parametrize(
    "path", ["/_nicegui_ws/", "/_nicegui_ws/x", "/_nicegui_ws/../y", "/_nicegui_ws/socket.io", "/x"]
)
def test_a_socket_to_a_path_that_nobody_serves_is_refused_and_no_crash(club: Server, path: str) -> None:
    """httpx would tidy the path away, so this is said by hand."""
    said = [f"GET {path} HTTP/1.1", f"Host: {club.url.removeprefix('http://')}", f"Origin: {club.url}"]
    said += [f"{name}: {value}" for name, value in UPGRADE.items()]
    with socket.create_connection(("127.0.0.1", int(club.url.rpartition(":")[2])), timeout=20) as line:
        line.sendall("\r\n".join([*said, "", ""]).encode())
        assert line.recv(4_096).split()[1] == b"403"
    assert "Traceback" not in club.log.read_text()


def test_forms_of_other_pages_sign_nobody_in_or_out(club: Server) -> None:
    form = {"username": "mia", "password": "correct horse battery"}
    for said in ({"Origin": "null"}, {"Origin": "http://127.0.0.1:9"}, {"Sec-Fetch-Site": "same-site"}):
        for path in ("/login", "/sign-out"):
            assert httpx.post(f"{club.url}{path}", data=form, headers=said).status_code == 403
    with httpx.Client(base_url=club.url, headers={"Origin": club.url}) as mia:
        assert mia.post("/login", data=form).headers["location"] == "/"
        assert mia.get("/people").status_code == 200
        mia.post("/sign-out")
        assert mia.get("/account").headers["location"] == "/login"


def test_only_names_of_ours_are_answered_to_and_nobody_is_believed_about_proxies(club: Server) -> None:
    assert httpx.get(f"{club.url}/healthz", headers={"Host": "club.local"}).status_code == 200
    assert httpx.get(f"{club.url}/healthz", headers={"Host": "rebound.example"}).status_code == 421
    body = {"username": "leo", "password": "correct horse battery"}
    said = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    answer = httpx.post(f"{club.url}/api/session", json=body, headers=said)
    assert answer.headers["set-cookie"].startswith("nurture_session=")
    cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert httpx.get(f"{club.url}/api/me/sessions", headers=cookie).json()[0]["address"] == "127.0.0.1"


def test_a_folder_that_was_open_is_shut_when_the_server_starts(club: Server) -> None:
    environ = Path(f"/proc/{club.process.pid}/environ")
    if not environ.exists():
        pytest.skip("this system does not show the environment of a process")
    variables = dict(line.split("=", 1) for line in environ.read_text().split("\0") if "=" in line)
    home = Path(variables["NURTURE_HOME"])
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    # What the tests themselves let the server write its errors to is not made by the server.
    made = [path for path in home.rglob("*") if path.name != "server.log"]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in made}
    assert {"nurture.sqlite", "server.json"} <= set(modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_what_is_ours_is_shut_and_what_is_somebody_elses_is_left(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home / "knowledge" / "deep", elsewhere):
        folder.mkdir(parents=True)
    ours = [home / "nurture.sqlite-wal", home / "link-keys", home / "knowledge" / "deep" / "x.bin"]
    ours += [elsewhere / "club.db", elsewhere / "club.db-wal"]
    theirs = [home / "notes.txt", elsewhere / "other.db"]
    for path in (*ours, *theirs):
        path.write_text("x")
        path.chmod(0o664)
    (home / "link").symlink_to(theirs[1])
    (home / "knowledge" / "link").symlink_to(theirs[1])
    settings = Settings(home=home, database_url=f"sqlite:///{elsewhere / 'club.db'}")
    make_private(settings)
    assert {stat.S_IMODE(path.stat().st_mode) for path in ours} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in theirs} == {0o664}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert open_to_others(settings) == []


def test_whatever_a_command_makes_is_private(tmp_path: Path) -> None:
    made = subprocess.run(
        nurture_command("user", "list"),
        env=environment(tmp_path / "new" / "home"),
        capture_output=True,
        check=False,
        preexec_fn=lambda: os.umask(0o000),
    )
    assert b"Traceback" not in made.stderr
    assert [path for path in (tmp_path / "new").rglob("*") if path.stat().st_mode & 0o077] == []


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Nurture]:
    """Two people with the demo's password, whose accounts are older than the question, and one without."""
    opened = bootstrap(Settings(home=tmp_path / "home"))
    settle(opened, dataset="demo")
    with unit_of_work(opened.sessions) as session:
        for name in ("old", "older"):
            make_person(session, name, password_hash=CHEAP.hash(DEMO_PASSWORD))
        make_person(session, "own")
        session.execute(update(Account).values(has_demo_password=None))
    yield opened
    opened.close()


def seen_as(nurture: Nurture, **changes: object) -> Nurture:
    return Nurture(**{**vars(nurture), "settings": nurture.settings.model_copy(update=changes)})


def test_an_older_account_is_looked_at_once(demo: Nurture) -> None:
    look_once(demo.sessions)
    with unit_of_work(demo.sessions) as session:
        assert [account.username for account in people_with_demo_passwords(session)] == ["old", "older"]
        # Were it verified again, this would no longer count.
        session.query(Account).filter_by(username="old").update({"password_hash": "other"})
    look_once(demo.sessions)
    with read_only(demo.sessions) as session:
        assert [account.username for account in people_with_demo_passwords(session)] == ["old", "older"]


@pytest.mark.parametrize(
    ("changes", "is_refused"),
    [
        ({}, False),
        ({"host": "localhost"}, False),
        ({"host": "::1"}, False),
        ({"public_url": "http://127.0.0.1:8000"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "::"}, True),
        ({"host": "10.0.0.7"}, True),
        ({"host": "club.local"}, True),
        ({"public_url": "https://crm.example.com"}, True),
        ({"host": "0.0.0.0", "allow_demo_passwords": True}, False),
    ],
)
def test_a_demo_is_not_served_to_other_machines_unasked(
    demo: Nurture, changes: dict[str, object], is_refused: bool
) -> None:
    seen = seen_as(demo, **changes)
    if is_refused:
        with pytest.raises(InvalidRequest, match=r"old, older still have the demo's password.*--allow-demo-passwords"):
            refuse_demo_passwords(seen)
    else:
        assert refuse_demo_passwords(seen) == ["old", "older"]


def test_a_demo_that_was_loaded_beside_such_a_server_opens_nothing(demo: Nurture) -> None:
    with browser(demo) as client:
        client.app.state.refuses_demo_passwords = True  # type: ignore[attr-defined]
        refused = sign_in(client, "old", DEMO_PASSWORD)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:nurture:demo_password")
        assert sign_in(client, "own").status_code == 200
