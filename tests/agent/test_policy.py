"""Every rule of agent/policy.md names the code that enforces it, and a test that proves it."""

import importlib
import re
from pathlib import Path

import pytest

from agent.prompts.system import policy_page

ROOT = Path(__file__).parents[2]
PROVED_BY = {
    "P1": ("tests/agent/test_turns.py", "test_a_role_is_neither_offered_nor_allowed_a_tool_beyond_its_rights"),
    "P2": ("tests/tools/test_segment_tools.py", "test_a_csm_sees_only_his_own_members"),
    "P3": ("tests/agent/test_confirmations.py", "test_a_write_is_not_done_before_a_person_said_yes"),
    "P4": ("tests/tools/test_campaign_tools.py", "test_the_author_cannot_approve_his_own_campaign"),
    "P5": ("tests/tools/test_campaign_tools.py", "test_a_plan_leaves_out_whoever_did_not_agree"),
    "P6": ("tests/tools/test_segment_tools.py", "test_no_contact_detail_is_in_any_result"),
    "P7": ("tests/agent/test_language_model.py", "test_a_figure_that_no_tool_gave_is_neither_shown_nor_kept"),
    "P8": ("tests/tools/test_segment_tools.py", "test_what_members_typed_is_fenced"),
    "P9": ("tests/agent/test_turns.py", "test_a_replayed_call_does_not_write_twice"),
    "P10": ("tests/agent/test_turns.py", "test_after_three_wrong_calls_the_person_is_told_and_the_turn_ends"),
    "P11": ("tests/tools/test_registry.py", "test_the_tools_are_those_of_the_product"),
}
RULES = dict(re.findall(r"- \*\*(P\d+) .*?`([\w.]+)`\n", policy_page(), flags=re.DOTALL))


def test_every_rule_is_proved() -> None:
    assert RULES.keys() == PROVED_BY.keys()


@pytest.mark.parametrize("rule", RULES)
def test_the_code_and_the_test_that_a_rule_names_exist(rule: str) -> None:
    assert _exists(RULES[rule])
    path, test = PROVED_BY[rule]
    assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8")


def _exists(dotted: str) -> bool:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return True
    return False
