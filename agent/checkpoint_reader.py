"""Which types a stored conversation is read into: those of its state, messages and the questions that wait in it."""

import json
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer


class StrictReader(JsonPlusSerializer):
    """Builds messages, interrupts and plain values only; of any other type it gives the data, and calls nothing.

    By default the library imports and calls whatever a checkpoint names, so that whoever can write to its table runs
    code in the server. A state that gains a type of ours names it in `allowed_msgpack_modules` here.
    """

    def __init__(self) -> None:
        super().__init__(allowed_msgpack_modules=None)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """JSON is what older libraries wrote, never this product: it is read as JSON and stays that."""
        kind, stored = data
        return json.loads(stored) if kind == "json" else super().loads_typed(data)
