"""How the kinds of steps look, in one place."""

from collections.abc import Mapping

KIND_SYMBOLS: Mapping[str, str] = {
    "send": "send",
    "wait": "hourglass_empty",
    "branch": "call_split",
    "split": "shuffle",
    "task": "assignment_ind",
    "end": "flag",
}
KIND_WORDS: Mapping[str, str] = {
    "send": "Send a message",
    "wait": "Wait",
    "branch": "Look and decide",
    "split": "Split by chance",
    "task": "Give a task",
    "end": "End",
}
TRIGGER_WORDS: Mapping[str, str] = {
    "audience_at_launch": "An audience, once",
    "key_date": "A date of the member",
    "stage_entered": "A lifecycle stage",
    "event": "Something that happens",
    "by_hand": "By hand",
}
