"""Rules of the house that are about the repository itself."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHIPPED = ("agent", "api", "crm", "knowledge_base", "tools")
COMMITTERS = {Path("crm/database.py"), Path("agent/checkpoint_store.py")}
"""The only places that end a transaction: ours, and the pruning of the graph's own checkpoint file."""


def tracked(pattern: str = "*") -> list[Path]:
    listing = subprocess.run(["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def shipped_sources() -> Iterator[Path]:
    for package in SHIPPED:
        yield from (ROOT / package).rglob("*.py")


def test_only_the_unit_of_work_commits() -> None:
    found = {
        path.relative_to(ROOT)
        for path in shipped_sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    }
    assert found == COMMITTERS


def test_no_module_has_grown_beyond_400_lines() -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in shipped_sources()
        if "versions" not in path.parts and len(path.read_text(encoding="utf-8").splitlines()) > 400
    ]
    assert long == []


def test_no_room_for_leftovers() -> None:
    names = {"utils.py", "helpers.py", "manager.py", "common.py"}
    assert [path for path in shipped_sources() if path.name in names] == []


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine() -> None:
    address = re.compile(r"https?://[\w.-]*(?:pypi|pythonhosted|index|registry|mirror)[\w.-]*", re.IGNORECASE)
    home = re.compile(r"(?<![\w.])/(?:root|home/\w+|work)/")
    guilty = []
    for path in tracked():
        if path.suffix in {".png", ".svg", ".pdf"} or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        if address.search(text) or home.search(text):
            guilty.append(str(path.relative_to(ROOT)))
    assert guilty == []


def test_no_two_files_of_tests_share_a_name() -> None:
    """Tests are no packages, so pytest would import the first of two and refuse the other."""
    names = [path.name for path in tracked("tests/**/test_*.py")]
    assert sorted(set(names)) == sorted(names)
