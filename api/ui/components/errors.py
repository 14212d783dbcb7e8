"""Where a page or an answer could not be given."""

from api.ui import formats
from api.ui.theme import block, icon, text
from crm.errors import CrmError, Forbidden, NotFound


def error_panel(error: CrmError) -> None:
    """A page whose subject cannot be shown."""
    symbol, title = "error_outline", "This cannot be shown"
    if isinstance(error, NotFound):
        symbol, title = "search_off", "Not found"
    elif isinstance(error, Forbidden):
        symbol, title = "lock", "Not for your role"
    with block("page"), block("panel"), block("empty").props("role=alert"):
        icon(symbol)
        text(title, "section-title", "h1")
        text(formats.sentence(error.message), "wrap")
        if error.candidates:
            text(f"Did you mean: {', '.join(error.candidates)}?", "small wrap")
