"""A call that could not be done, said to the person; what was ambiguous becomes a question."""

from collections.abc import Mapping
from typing import Any

from agent.planner.acts import Ask, Pending
from agent.planner.compose.words import Voice, typed
from agent.planner.conversation import CallMade

_SLOTS = {"campaign": "which_campaign", "member": "which_member"}


def say_error(voice: Voice, made: CallMade) -> str | Ask:
    """The error's own sentence, with its candidates. Ambiguity and unknown names ask for the right one."""
    error = made.content.get("error") if isinstance(made.content, Mapping) else None
    if not isinstance(error, Mapping):
        return _say_plain(voice, made)
    code, message = str(error.get("code", "")), typed(error.get("message", ""))
    if code == "rejected":
        return voice.say("All right, that was not done.", "好的，没有执行。")
    if code == "failed":
        return voice.say(
            "Something went wrong on our side and the outcome is unknown. Please check before you try again.",
            "系统出错，结果未知。请先核实再重试。",
        )
    candidates = [typed(each) for each in error.get("candidates") or ()]
    slot = _ambiguous_argument(made, code)
    if slot is not None and candidates:
        return _ask_for(voice, made, slot, message, candidates)
    hint = (
        voice.say(f" Did you mean {' or '.join(candidates)}?", f"是否指：{'、'.join(candidates)}？")
        if candidates
        else ""
    )
    sentence = message[:1].upper() + message[1:]
    ending = "" if sentence.endswith((".", "!", "?", "。", "？")) else voice.say(".", "。")
    return f"{sentence}{ending}{hint}"


def _say_plain(voice: Voice, made: CallMade) -> str:
    if made.failed:
        return voice.say("All right, that was not done.", "好的，没有执行。")
    return typed(made.content or "") or voice.say("Done.", "已完成。")


def _ambiguous_argument(made: CallMade, code: str) -> str | None:
    if code not in ("ambiguous", "not_found"):
        return None
    # The more specific one first: an explanation has a member and a definition, a command only a campaign.
    return next((name for name in ("member", "campaign") if name in made.args), None)


def _ask_for(voice: Voice, made: CallMade, argument: str, message: str, candidates: list[str]) -> Ask:
    offered = voice.listed(candidates)
    sentence = message[:1].upper() + message[1:].rstrip(".。")
    words = voice.say(f"{sentence}. Which one do you mean: {offered}?", f"{sentence}。您指的是哪一个：{offered}？")
    known: dict[str, Any] = {key: value for key, value in made.args.items() if key != argument}
    return Ask((_SLOTS[argument],), words, Pending(made.name, known, (argument,)))
