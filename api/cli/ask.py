"""`nurture ask` and `nurture chat`: the assistant in a terminal."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import notes, say, say_json
from api.cli.opened import AsPerson, Json, Today, opened, person

if TYPE_CHECKING:
    from api.bootstrap import Nurture
    from crm.access.actor import Actor


def register(app: typer.Typer) -> None:
    app.command("ask")(ask)
    app.command("chat")(chat)


def ask(
    texts: Annotated[list[str], typer.Argument(metavar="TEXT [FOLLOW-UP ...]", help="What the person says, in turns.")],
    as_: AsPerson,
    today: Today = None,
    as_json: Json = False,
) -> None:
    """Say something to the assistant; each further argument is the next thing said in the same conversation."""
    with opened(today) as nurture:
        answered = asyncio.run(_ask(nurture, person(nurture, as_), texts))
    if as_json:
        say_json(answered)
        return
    for turn in answered["turns"]:
        notes.print(f"> {turn['request']}", style="dim", markup=False)
        say(f"{turn['answer']}\n")


def chat(as_: AsPerson, today: Today = None) -> None:
    """Talk with the assistant until an empty line or the end of the input."""
    with opened(today) as nurture:
        asyncio.run(_chat(nurture, person(nurture, as_)))


async def _ask(nurture: "Nurture", actor: "Actor", texts: Sequence[str]) -> dict[str, Any]:
    from agent.ask import ask

    try:
        return await ask(nurture.assistant, actor, texts)
    finally:
        await nurture.assistant.aclose()


async def _chat(nurture: "Nurture", actor: "Actor") -> None:
    from agent.ask import say_in

    thread_id = await nurture.assistant.open_thread(actor)
    try:
        while words := await asyncio.to_thread(_next_line):
            turn = await say_in(nurture.assistant, actor, thread_id, words)
            say(f"{turn['answer']}\n")
    finally:
        await nurture.assistant.aclose()


def _next_line() -> str:
    notes.print("> ", end="", style="bold")
    return sys.stdin.readline().strip()
