"""A person's conversations: a column beside the open one, or a menu where the page is narrow."""

from collections.abc import Sequence

from nicegui import ui

from agent.transcript import ThreadSummary
from api.ui.theme import block, icon, text


def thread_list(threads: Sequence[ThreadSummary], open_id: str | None) -> None:
    _new_conversation()
    if threads:
        text("Conversations", "eyebrow").style("padding: 16px 12px 4px")
    for thread in threads:
        with ui.link(target=f"/threads/{thread.id}").classes("plain thread") as link:
            text(thread.title, "clip")
        link.props["title"] = thread.title
        if thread.id == open_id:
            link.classes("active").props("aria-current=page")


def thread_menu(threads: Sequence[ThreadSummary], open_id: str | None) -> None:
    with block("line tight"):
        _new_conversation()
        if not threads:
            return
        with ui.button("Conversations", icon="expand_more").props("flat dense color=primary"), ui.menu():
            for thread in threads:
                item = ui.menu_item(
                    thread.title, on_click=lambda _event, to=thread.id: ui.navigate.to(f"/threads/{to}")
                )
                item.props["active"] = thread.id == open_id


def _new_conversation() -> None:
    with ui.link(target="/").classes("plain new-thread"):
        icon("add")
        text("New conversation", "", "span")
