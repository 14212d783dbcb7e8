"""The look: colours, default shapes of controls, and the small building blocks of every page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from nicegui import ui

STYLE = Path(__file__).parent / "static" / "theme.css"
FAVICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#0c6b58"/>'
    '<path d="M9 22c0-8 5-12 14-12 0 8-5 12-14 12zm0 0 7-6" fill="none" stroke="#fff" stroke-width="2.4" '
    'stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
Tone = Literal["neutral", "good", "info", "warn", "bad"]

CHART_COLOURS = ["#0c6b58", "#4f86c6", "#e0a030", "#8d6bb5", "#7fb5a3", "#c8685f", "#9aa5a0"]


def apply_theme() -> None:
    """Set what NiceGUI shares between all pages. Called once when the pages are mounted."""
    ui.add_css(STYLE, shared=True)
    ui.button.default_props("no-caps unelevated")
    ui.input.default_props("outlined dense")
    ui.number.default_props("outlined dense")
    ui.textarea.default_props("outlined dense")
    ui.select.default_props("outlined dense")
    ui.tooltip.default_props("transition-show=none transition-hide=none")


def page_colours() -> None:
    ui.colors(
        primary="#0c6b58",
        secondary="#2b5fa8",
        accent="#e0a030",
        positive="#0c6b58",
        negative="#a8322d",
        info="#2b5fa8",
        warning="#8a5300",
    )


def block(classes: str, tag: str = "div") -> ui.element:
    """A plain element with classes of theme.css; use it as a context."""
    return ui.element(tag).classes(classes)


def text(words: str, classes: str = "", tag: str = "div") -> ui.label:
    """Words as text, never as markup: what members or models wrote cannot become HTML."""
    label = ui.label(words).classes(classes)
    label.tag = tag
    return label


def icon(name: str, classes: str = "") -> ui.icon:
    """A decorative icon; screen readers skip it."""
    return ui.icon(name).classes(classes).props("aria-hidden=true")


def chip(words: str, tone: Tone = "neutral", symbol: str | None = None) -> None:
    with block(f"chip {tone}", "span"):
        if symbol:
            icon(symbol)
        text(words, tag="span")


def notice(words: str, tone: Tone = "info", symbol: str | None = None) -> ui.element:
    symbols = {"good": "check_circle", "warn": "warning_amber", "bad": "error_outline"}
    with block(f"notice {tone}").props("role=status") as box:
        icon(symbol or symbols.get(tone, "info"))
        text(words, "wrap pre")
    return box


def empty_state(symbol: str, title: str, hint: str) -> ui.element:
    with block("empty") as box:
        icon(symbol)
        text(title, "section-title")
        text(hint, "small")
    return box


def figure(label: str, value: str, hint: str = "", *, plain: bool = False) -> None:
    """One number with its name."""
    with block("figure plain" if plain else "figure"):
        text(label, "small faint")
        text(value, "value")
        if hint:
            text(hint, "small muted")


@contextmanager
def panel(title: str = "", hint: str = "", *, classes: str = "") -> Iterator[ui.element]:
    with block(f"panel {classes}", "section") as box:
        if title:
            box.props["aria-label"] = title
            with block("stack snug"):
                text(title, "section-title", "h2")
                if hint:
                    text(hint, "small muted")
        yield box


@contextmanager
def fold(title: str, *, value: bool = False) -> Iterator[ui.expansion]:
    """Details that are closed at first."""
    with ui.expansion(title, value=value).classes("fold full-width").props("dense dense-toggle") as box:
        yield box


def primary(words: str, on_click: Callable[..., object], *, symbol: str | None = None) -> ui.button:
    return ui.button(words, on_click=on_click, icon=symbol)


def secondary(words: str, on_click: Callable[..., object], *, symbol: str | None = None) -> ui.button:
    return ui.button(words, on_click=on_click, icon=symbol).props("outline color=primary")


def quiet(words: str, on_click: Callable[..., object], *, symbol: str | None = None) -> ui.button:
    return ui.button(words, on_click=on_click, icon=symbol).props("flat color=primary")


def danger(words: str, on_click: Callable[..., object], *, symbol: str | None = None) -> ui.button:
    return ui.button(words, on_click=on_click, icon=symbol).props("outline color=negative")
