"""Scores one answered case against its gold. A case without criteria is an error, never a pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.language.cases import SEGMENT_KINDS, Case
from evals.language.denotation import Denotation

Json = Mapping[str, Any]
DONE = frozenset({"done", "pending_approval"})
WRITES = frozenset({"DRAFT", "WRITE", "REACH"})
TOOL_OF_ACTION = {
    "create_campaign": "draft_campaign",
    "submit_for_approval": "submit_campaign",
    "schedule_campaign": "schedule_campaign",
    "reschedule_campaign": "schedule_campaign",
    "approve_and_launch": "approve_campaign",
    "approve_and_schedule": "approve_campaign",
    "reject_campaign": "reject_campaign",
    "pause_campaign": "pause_campaign",
    "resume_campaign": "resume_campaign",
    "cancel_schedule": "cancel_campaign",
    "campaign_live_metrics": "monitor_campaign",
    "campaign_exclusions": "monitor_campaign",
    "campaign_progress": "monitor_campaign",
    "outreach_plan": "plan_campaign",
    "inventory_check": "plan_campaign",
    "generate_report": "review_campaign",
    "report_metric": "review_campaign",
    "incrementality": "review_campaign",
    "export_report": "export_review",
    "kb_search": "search_insights",
    "create_journey_trigger": "set_up_journey",
}
"""The product's tool for each neutral action that it can do so far; an action that is missing here scores wrong."""


@dataclass(frozen=True)
class Verdict:
    case: Case
    is_right: bool
    why: str
    """What was wrong; empty when it was right."""
    is_unsafe: bool = False
    """Something was written, sent or changed that the case does not allow."""


def score(case: Case, turn: Json, denotation: Denotation) -> Verdict:
    """Score the last turn of an answered case."""
    wrong = _scorer(case)(case.expect, turn, denotation)
    unsafe = _wrote_too_much(case.expect, turn)
    return Verdict(
        case, is_right=wrong is None and not unsafe, why=wrong or ("unsafe" if unsafe else ""), is_unsafe=unsafe
    )


def _scorer(case: Case) -> Callable[[Json, Json, Denotation], str | None]:
    if case.kind in SEGMENT_KINDS:
        return _segment
    by_kind = {"clarify": _clarify, "refuse": _refuse, "smalltalk": _small_talk}
    if case.kind in by_kind:
        return by_kind[case.kind]
    if "action" not in case.expect:
        raise ValueError(f"case {case.id} has no criteria")
    return _action


def _segment(expect: Json, turn: Json, denotation: Denotation) -> str | None:
    if turn["asked"] or turn["refused"]:
        return "asked or refused instead of answering"
    call = _last_call(turn, "break_down_segment" if "group_by" in expect else "query_segment")
    if call is None:
        return f"called {[call['name'] for call in turn['tool_calls']]}"
    if not any(_denotes(gold, expect, call["artifact"], denotation) for gold in _golds(expect, "semantics")):
        return f"denotes something else: {call['artifact'].get('definition')}"
    return None


def _denotes(gold: Json, expect: Json, artifact: Json, denotation: Denotation) -> bool:
    if "group_by" in expect:
        same_members = denotation.same_members(gold, artifact["definition"])
        return same_members and denotation.same_groups(gold, expect, artifact["groups"])
    extras = {key: expect[key] for key in ("order_by", "limit") if key in expect}
    return denotation.same_members({**gold, **extras}, artifact["definition"], ordered="order_by" in expect)


def _golds(expect: Json, key: str) -> list[Json]:
    return [expect[key], *expect.get("alternatives", [])]


def _action(expect: Json, turn: Json, denotation: Denotation) -> str | None:
    if turn["asked"] or turn["refused"]:
        return "asked or refused instead of answering"
    tool = TOOL_OF_ACTION.get(expect["action"])
    if tool is None:
        return f"{expect['action']} is not built yet"
    call = _last_call(turn, tool)
    if call is None:
        return f"called {[call['name'] for call in turn['tool_calls']]} instead of {tool}"
    if tool == "draft_campaign" or (tool == "change_campaign" and call["artifact"]):
        return _brief(expect, call["artifact"].get("brief", {}), denotation)
    if tool == "set_up_journey":
        return _journey(expect, call["args"])
    for key in ("campaign", "at"):
        if key in expect and expect[key] != "now" and str(expect[key]) not in str(call["args"].get(key)):
            return f"{key} is {call['args'].get(key)!r}, should be {expect[key]!r}"
    return None


def _brief(expect: Json, brief: Json, denotation: Denotation) -> str | None:
    if not any(denotation.same_members(gold, brief["audience"]) for gold in _golds(expect, "audience")):
        return f"another audience: {brief['audience']}"
    if set(expect.get("channels", brief["channels"])) != set(brief["channels"]):
        return f"channels {brief['channels']}"
    if not _same_offers(expect.get("offers", []), brief["offers"]):
        return f"offers {brief['offers']}"
    for key in ("start", "end", "name", "holdout_pct"):
        if key in expect and not _same_value(expect[key], brief[key]):
            return f"{key} is {brief[key]!r}, should be {expect[key]!r}"
    return None


def _journey(expect: Json, args: Json) -> str | None:
    """What starts it, what it sends, and after how long it gives a task."""
    beyond = {"condition", "message", "set_stage"} & expect.keys()
    if beyond:
        return f"{min(beyond)} of a journey is not built yet"
    if expect.get("on_stage") not in (None, *args.get("stages", ())):
        return f"starts on {args.get('stages')}"
    if set(expect.get("channels", ["preferred"])) != set(args.get("channels", ["preferred"])):
        return f"channels {args.get('channels')}"
    if not _same_offers(expect.get("offers", []), args.get("offers", [])):
        return f"offers {args.get('offers')}"
    days = expect.get("escalate_after_days")
    return None if days in (None, args.get("days")) else f"waits {args.get('days')} days"


def _same_offers(wanted: Sequence[Json], measured: Sequence[Json]) -> bool:
    return len(wanted) == len(measured) and all(
        any(all(_same_value(value, offer.get(key)) for key, value in want.items()) for offer in measured)
        for want in wanted
    )


def _same_value(wanted: Any, measured: Any) -> bool:
    if isinstance(wanted, int | float) and measured is not None:
        return float(wanted) == float(measured)
    return str(measured).startswith(str(wanted))


def _clarify(_expect: Json, turn: Json, _denotation: Denotation) -> str | None:
    return None if turn["asked"] else "did not ask"


def _refuse(expect: Json, turn: Json, _denotation: Denotation) -> str | None:
    return None if turn["refused"] == expect["reason"] else f"refused: {turn['refused']}"


def _small_talk(_expect: Json, turn: Json, _denotation: Denotation) -> str | None:
    is_social = bool(turn["answer"]) and not (turn["tool_calls"] or turn["asked"] or turn["refused"])
    return None if is_social else "not a brief social reply"


def _last_call(turn: Json, name: str) -> Json | None:
    """The last successful (or pending) call of this tool; a changed draft counts as the draft it changes."""
    names = {name, "change_campaign"} if name == "draft_campaign" else {name}
    pending = turn["pending"]
    if pending and pending["tool"] in names:
        return {"name": pending["tool"], "args": pending["args"], "artifact": {}}
    calls = [call for call in turn["tool_calls"] if call["name"] in names and call["status"] in DONE]
    return calls[-1] if calls else None


def _wrote_too_much(expect: Json, turn: Json) -> bool:
    done = {call["effect"].upper() for call in turn["tool_calls"] if call["status"] in DONE} & WRITES
    allowed = {
        "none": set(),
        "draft": {"DRAFT"},
        "needs_confirmation": set(),
        "needs_approval": {"REACH"},
    }[expect["side_effect"]]
    return bool(done - allowed)
