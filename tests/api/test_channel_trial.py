"""`nurture channels try`, and the receipt of the documentation: what operators and integrators do first."""

import re
import subprocess
from pathlib import Path
from typing import Any

from crm.outreach.channels.signing import is_signed
from tests.api.conftest import environment, nurture_command
from tests.gateway import SECRET, Answer, gateway
from tests.mail_server import mail_server

INTEGRATORS = Path(__file__).parents[2] / "docs" / "integrators.md"


def try_channel(home: Path, url: str, address: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        nurture_command("channels", "try", "email", address),
        env=environment(home) | {"NURTURE_CHANNEL_EMAIL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_trial_says_what_the_provider_answered(tmp_path: Path) -> None:
    with mail_server() as server:
        url = f"smtp://127.0.0.1:{server.port}?from=club@example.com&tls=none"
        taken = try_channel(tmp_path, url, "ann@example.org")
        assert (taken.returncode, taken.stdout) == (0, "delivered (250 2.0.0 queued)\n")
        refused = try_channel(tmp_path, url, "refuse@example.org")
        assert (refused.returncode, refused.stderr) == (1, "error: refused: 550 5.1.1 no such user here\n")
    gone = try_channel(tmp_path, url, "ann@example.org")
    assert gone.returncode == 1
    assert "the mail server 127.0.0.1 cannot be used" in gone.stderr


def test_a_trial_of_the_outbox_and_a_wrong_setting_say_what_to_do(tmp_path: Path) -> None:
    assert "set NURTURE_CHANNEL_EMAIL" in try_channel(tmp_path, "outbox:", "ann@example.org").stderr
    wrong = try_channel(tmp_path, "smtp://u:hidden-word@mail.example.com", "ann@example.org")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("error: NURTURE_CHANNEL_EMAIL: from=... is missing")
    assert "hidden-word" not in wrong.stderr


def test_the_example_of_the_documentation_signs_as_we_do() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", INTEGRATORS.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    with gateway() as server:
        server.script = [Answer(200, {"is_new": True})]
        said = names["send_receipt"](f"http://127.0.0.1:{server.port}", SECRET, "nurture-message-1", "delivered")
        (request,) = server.requests
    assert said == {"is_new": True}
    assert request.path == "/api/receipts"
    assert is_signed(
        SECRET,
        timestamp=request.headers["Nurture-Timestamp"],
        signature=request.headers["Nurture-Signature"],
        body=request.body,
        now_seconds=int(request.headers["Nurture-Timestamp"]),
    )
