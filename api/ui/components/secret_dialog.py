"""Shows a secret that is shown once."""

from nicegui import ui

from api.ui.theme import block, notice, quiet, text


async def show_secret(title: str, words: str, secret: str) -> None:
    """Wait until the person has it. Only the button closes it: a click beside it would lose the secret."""
    with ui.dialog().props("persistent") as dialog, ui.card().classes("dialog"):
        text(title, "section-title", "h2")
        notice(words, "warn")
        text(secret, "code secret")
        with block("line").style("justify-content: flex-end"):
            quiet("Copy", lambda: ui.clipboard.write(secret), symbol="content_copy")
            ui.button("I have it", on_click=lambda: dialog.submit(None)).props("color=primary")
    await dialog
    dialog.delete()
