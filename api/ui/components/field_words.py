"""Segment fields in words, and their values in units, as the catalog describes them."""

from datetime import date
from typing import Any

from api.ui import formats
from api.ui.components.card import Local
from crm.catalog import CATALOG
from crm.errors import CrmError
from crm.fields import CENTS_PER_UNIT, Field, Unit


def field_named(name: str) -> Field | None:
    """The field of this name; None for one that this version does not know."""
    try:
        return CATALOG.field(name)
    except CrmError:
        return None


def field_label(name: str) -> str:
    field = field_named(name)
    return formats.capitalised(field.label.en) if field else formats.words(name)


def value_words(value: Any, field: Field | None, local: Local) -> str:
    """One value of a field; money in whole units."""
    if value is None or isinstance(value, bool):
        return {None: formats.MISSING, True: "Yes", False: "No"}[value]
    if isinstance(value, int | float):
        if field is not None and field.is_money:
            return local.money(value * CENTS_PER_UNIT)
        if field is not None and field.unit is Unit.PROBABILITY:
            return formats.percent(value)
        return formats.count(value)
    if isinstance(value, date):
        return formats.day(value)
    return str(value)
