"""How a model says that its answer is a question or a refusal.

A model that knows (the planner does) marks its message in `additional_kwargs`:
    "asked": ["which_member"]     the slots that the text asks for
    "refused": "consent"          a reason code; the text explains and offers another way
A language model marks nothing; its question is recognised by its form.
"""

from dataclasses import dataclass

from langchain_core.messages import AIMessage

from tools.fence import unfence

ASKED, REFUSED = "asked", "refused"


@dataclass(frozen=True)
class Reply:
    """The last words of a turn."""

    text: str
    asked: str | None
    """The text, when it asks for something instead of answering."""
    refused: str | None


def read_reply(message: AIMessage, *, called_tools: bool) -> Reply:
    """What the final message of a turn says. An unmarked question counts as asked only when no tool was called."""
    text = unfence(message.text).strip()
    marks = message.additional_kwargs
    refused: str | None = marks.get(REFUSED)
    is_question = bool(marks.get(ASKED)) or (not called_tools and refused is None and text.endswith(("?", "？")))
    return Reply(text, text if is_question else None, refused)
