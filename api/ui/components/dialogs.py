"""Questions that must be answered before something happens."""

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui

from api.ui.theme import block, quiet, text


@dataclass(frozen=True)
class Answer:
    """The person said yes."""

    note: str


async def ask(
    title: str,
    words: str,
    *,
    yes: str,
    note_label: str | None = None,
    note_required: bool = False,
    is_dangerous: bool = False,
) -> Answer | None:
    """Show a dialog and wait; None when the person thought better of it."""
    with ui.dialog() as dialog, ui.card().classes("dialog"):
        text(title, "section-title", "h2")
        text(words, "wrap muted")
        note = ui.textarea(note_label).props("autogrow") if note_label else None
        with block("line").style("justify-content: flex-end"):
            quiet("Back", lambda: dialog.submit(None))
            ui.button(yes, on_click=_answering(dialog, note, required=note_required)).props(
                f"color={'negative' if is_dangerous else 'primary'}"
            )
    given = await dialog
    dialog.delete()
    return given if isinstance(given, Answer) else None


async def tell(title: str, words: str, seen: str) -> None:
    """Show something that must be read, and wait until the person has seen it."""
    with ui.dialog() as dialog, ui.card().classes("dialog").props("role=alert"):
        text(title, "section-title", "h2")
        text(words, "wrap")
        with block("line").style("justify-content: flex-end"):
            ui.button(seen, on_click=lambda: dialog.submit(None)).props("color=primary")
    await dialog
    dialog.delete()


def _answering(dialog: ui.dialog, note: ui.textarea | None, *, required: bool) -> Callable[[], None]:
    def answer() -> None:
        written = ((note.value if note else "") or "").strip()
        if required and not written:
            if note:
                note.props("error error-message='Please say why.'")
            return
        dialog.submit(Answer(written))

    return answer
