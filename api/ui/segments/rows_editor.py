"""The definition as rows of inputs: conditions in groups, each with field, comparison, value, period and words."""

from collections.abc import Callable
from functools import partial

from nicegui import ui

from api.ui import formats
from api.ui.segments.asking import Ground
from api.ui.segments.comparisons import new_leaf, op_words, with_field, with_op
from api.ui.segments.listing_inputs import listing_inputs
from api.ui.segments.rows import ConditionRow, GroupRow, Joins, Row, Rows
from api.ui.segments.value_inputs import ValueInputs
from api.ui.theme import block, icon, quiet, text
from crm.catalog import CATALOG
from crm.errors import InvalidRequest
from crm.fields import Op
from crm.segments.definition import MAX_DEPTH

FIRST_FIELD = "tier"
_JOINS: dict[Joins, str] = {"all": "all of these", "any": "any of these"}
DEEPEST_GROUP = MAX_DEPTH - 2
"""A group at this depth still has room for a condition with a `not`."""


class RowsEditor:
    """Draws into the open slot; `changed` hears each edit."""

    def __init__(self, ground: Ground, changed: Callable[[], None]) -> None:
        self._ground, self._changed = ground, changed
        self._rows = Rows()
        self._hints: dict[Row, ui.label] = {}
        self._fields = {
            field.name: formats.capitalised(field.label.en) + (" (sensitive)" if field.is_sensitive else "")
            for field in CATALOG.fields
        }
        self._box = block("stack tight")
        self.show(self._rows)

    @property
    def rows(self) -> Rows:
        return self._rows

    def show(self, rows: Rows) -> None:
        """Draw these rows anew."""
        self._rows = rows
        self._draw()

    def complain(self, error: InvalidRequest) -> bool:
        """Say beside a row what is wrong there; False when no row is to blame."""
        row = self._rows.at(error.path)
        if row is None or row not in self._hints:
            return False
        lacks_value = isinstance(row, ConditionRow) and "value" not in row.leaf and str(error.path).endswith(".value")
        # The row says where it is; a path is for those who read JSON.
        words = error.message.removesuffix(f" (at {error.path})")
        self._hints[row].text = "Choose a value." if lacks_value else formats.sentence(words)
        self._hints[row].visible = True
        return True

    def content(self) -> None:
        """Take all complaints back."""
        for hint in self._hints.values():
            hint.visible = False

    def _draw(self, focus: Row | None = None) -> None:
        self._box.clear()
        self._hints.clear()
        with self._box:
            self._group(self._rows.root, depth=1, focus=focus)
            listing_inputs(self._rows.listing, self._changed)

    def _redraw(self, focus: Row | None = None) -> None:
        self._draw(focus)
        self._changed()

    def _group(self, group: GroupRow, depth: int, focus: Row | None) -> None:
        is_root = group is self._rows.root
        with block("rule-group root" if is_root else "rule-group") as box:
            box.props(f'role=group aria-label="Meet {_JOINS[group.joins]}"')
            with block("line tight flow"):
                text("Members who meet" if is_root else "Meet", "small muted", "span")
                for joins, words in _JOINS.items():
                    self._toggle(words, group.joins == joins, partial(self._join, group, joins))
                if not is_root:
                    self._denial(group)
                    self._remover(group, "Remove this group")
            self._hint(group)
            if is_root and not group.parts:
                text("Without a condition, that is everyone. Add one, or write in words above.", "small faint")
            for part in group.parts:
                if isinstance(part, GroupRow):
                    self._group(part, depth + 1, focus)
                else:
                    self._condition(part, group, focus)
            with block("line tight flow"):
                quiet("Add condition", lambda: self._add(group), symbol="add").props("dense size=sm")
                if depth < DEEPEST_GROUP:
                    quiet("Add group", lambda: self._add_group(group), symbol="playlist_add").props("dense size=sm")

    def _condition(self, row: ConditionRow, group: GroupRow, focus: Row | None) -> None:
        field = CATALOG.field(row.leaf["field"])
        with block("rule-row").props(f'role=group aria-label="Condition on {field.label.en}"'):
            with block("line tight flow grow"):
                choice = ui.select(self._fields, value=field.name, with_input=True).classes("value wide")
                choice.props('aria-label="Field" options-dense')
                choice.on_value_change(lambda event: self._choose_field(row, event.value))
                if row is focus:
                    choice.run_method("focus")
                ops = ui.select(op_words(field), value=row.leaf["op"]).classes("value medium")
                ops.props('aria-label="Comparison" options-dense')
                ops.on_value_change(lambda event: self._choose_op(row, Op(event.value)))
                inputs = ValueInputs(row.leaf, self._ground, self._changed, lambda: self._add(group, after=row))
                inputs.draw()
                if field.has_windows:
                    inputs.draw_window()
                if field.qualifiers:
                    inputs.draw_qualifiers()
            with block("line tight"):
                self._denial(row)
                self._remover(row, f"Remove the condition on {field.label.en}")
            self._hint(row)

    def _toggle(self, words: str, is_on: bool, choose: Callable[[], None]) -> None:  # noqa: FBT001 - as drawn
        button = text(words, "choice small", "button").props("type=button")
        button.props(f"aria-pressed={'true' if is_on else 'false'}")
        button.on("click", choose)

    def _denial(self, row: Row) -> None:
        self._toggle("not", row.is_denied, lambda: self._deny(row))

    def _remover(self, row: Row, words: str) -> None:
        ui.button(icon="close", on_click=lambda: self._remove(row)).props(
            f'flat round dense size=sm color=grey-7 aria-label="{words}"'
        )

    def _hint(self, row: Row) -> None:
        with block("line tight rule-hint") as line:
            icon("error_outline")
            hint = text("", "small wrap").props("role=alert")
        line.bind_visibility_from(hint, "visible")
        hint.visible = False
        self._hints[row] = hint

    def _join(self, group: GroupRow, joins: Joins) -> None:
        group.joins = joins
        self._redraw()

    def _deny(self, row: Row) -> None:
        row.is_denied = not row.is_denied
        self._redraw()

    def _remove(self, row: Row) -> None:
        self._rows.without(row)
        self._redraw()

    def _add(self, group: GroupRow, after: Row | None = None) -> None:
        row = ConditionRow(new_leaf(CATALOG.field(FIRST_FIELD)))
        group.parts.insert(len(group.parts) if after is None else group.parts.index(after) + 1, row)
        self._redraw(row)

    def _add_group(self, group: GroupRow) -> None:
        row = ConditionRow(new_leaf(CATALOG.field(FIRST_FIELD)))
        group.parts.append(GroupRow("any" if group.joins == "all" else "all", [row]))
        self._redraw(row)

    def _choose_field(self, row: ConditionRow, name: str | None) -> None:
        if name is not None and name != row.leaf["field"]:
            row.leaf = with_field(row.leaf, CATALOG.field(name))
            self._redraw()

    def _choose_op(self, row: ConditionRow, op: Op) -> None:
        row.leaf = with_op(row.leaf, op)
        self._redraw()
