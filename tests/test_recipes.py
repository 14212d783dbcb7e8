"""CONTRIBUTING.md names the files that a change of each kind touches; here each list is held against its example."""

import re
import subprocess
from dataclasses import dataclass

import pytest

from tests.test_repository import ROOT

EXAMPLE = re.compile(r"Words: `(?P<words>[^`]+)`\. In: (?P<places>[\w/ ]+)$", re.MULTILINE)
ROW = re.compile(r"^\| `(?P<file>[\w./]+)` \|", re.MULTILINE)
LEFT_OUT = (":!crm/migrations", ":!crm/datasets")
KINDS = ("field", "event", "key date", "tool", "step", "way to send", "channel", "page")


@dataclass(frozen=True)
class Recipe:
    title: str
    words: str
    places: tuple[str, ...]
    files: frozenset[str]


def recipes() -> list[Recipe]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = []
    for part in text.split("\n### ")[1:]:
        example = EXAMPLE.search(part)
        assert example, f"the recipe {part.splitlines()[0]!r} names no example"
        files = frozenset(row["file"] for row in ROW.finditer(part))
        found.append(Recipe(part.splitlines()[0], example["words"], tuple(example["places"].split()), files))
    return found


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.title)
def test_a_recipe_names_exactly_the_files_that_its_example_touches(recipe: Recipe) -> None:
    search = ["git", "grep", "-lE", recipe.words, "--", *recipe.places, *LEFT_OUT]
    touched = subprocess.run(search, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert recipe.files == {file for file in touched if file.endswith(".py")}


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_recipe_for_each_kind_of_change(kind: str) -> None:
    assert any(kind in recipe.title for recipe in recipes())
