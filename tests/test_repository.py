"""Rules of the house that are about the repository itself."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def test_the_changelog_sorts_each_version_into_what_was_added_changed_and_fixed() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    _, *versions = re.split(r"^## ", text, flags=re.MULTILINE)
    names = [version.splitlines()[0] for version in versions]
    numbers = [tuple(map(int, name.split("."))) for name in names[1:]]
    assert names[0] == "Unreleased"
    assert numbers == sorted(numbers, reverse=True)
    for version in versions:
        head, *parts = re.split(r"^### ", version, flags=re.MULTILINE)
        headings = [part.splitlines()[0] for part in parts]
        assert headings == [name for name in ("Added", "Changed", "Fixed") if name in headings]
        assert "\n- " not in head, f"{head.splitlines()[0]}: a line stands under none of the three"


def test_the_subject_of_the_last_commit_fits_a_line() -> None:
    """Of the last one that is no merge: hosts merge under a subject of their own."""
    command = ["git", "log", "-1", "--no-merges", "--format=%s"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout.strip():
        pytest.skip("there is no history here")
    assert len(done.stdout.strip()) <= 72
