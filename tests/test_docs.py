"""The commands that the documentation shows are run, in order, on a demo of their own."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "docs/gate.md",
    "docs/integrators.md",
    "docs/journeys.md",
    "docs/running.md",
    "docs/segments.md",
    "docs/security.md",
)
FENCE = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def commands(page: str) -> list[str]:
    blocks = FENCE.findall((ROOT / page).read_text(encoding="utf-8"))
    return [line for block in blocks for line in block.splitlines() if line.startswith("nurture ")]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("docs")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("NURTURE_", "OPENAI_", "DATABASE_"))}
    kept |= {"NURTURE_HOME": str(home), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["nurture", "demo", "load", "--members", "1500"], env=kept, check=True, capture_output=True)
    return kept


def test_every_page_shows_commands() -> None:
    assert all(commands(page) for page in PAGES)


@pytest.mark.parametrize("command", [command for page in PAGES for command in commands(page)])
def test_a_command_of_the_documentation_works(command: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        shlex.split(command.removesuffix("> /dev/null")),
        env=environment,
        input="yes\n",
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
