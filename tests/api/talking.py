"""Talks to the assistant over HTTP and reads its server-sent events."""

import json
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True)
class Turn:
    """The events of one turn, in order."""

    events: list[tuple[str, dict[str, Any]]]

    def first(self, name: str) -> dict[str, Any]:
        return next(data for event, data in self.events if event == name)

    @property
    def answer(self) -> str:
        return str(self.first("answered")["text"])

    def card(self, tool: str) -> dict[str, Any]:
        """The artifact of the last finished call of a tool."""
        cards = [data["artifact"] for event, data in self.events if event == "tool_finished" and data["name"] == tool]
        assert cards, f"{tool} was not called: {[event for event, _ in self.events]}"
        card: dict[str, Any] = cards[-1]
        return card


@dataclass(frozen=True)
class Talk:
    """One conversation of a signed-in person."""

    client: httpx.Client
    thread_id: str

    @classmethod
    def opened(cls, client: httpx.Client) -> "Talk":
        return cls(client, client.post("/api/threads").raise_for_status().json()["id"])

    def say(self, text: str) -> Turn:
        return self._post("messages", {"text": text})

    def decide(self, interrupt_id: str, decision: str) -> Turn:
        return self._post("decisions", {"interrupt_id": interrupt_id, "decision": decision})

    def entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.client.get(f"/api/threads/{self.thread_id}").raise_for_status().json()
        return entries

    def _post(self, what: str, body: dict[str, Any]) -> Turn:
        with self.client.stream("POST", f"/api/threads/{self.thread_id}/{what}", json=body) as answer:
            text = answer.read().decode()
            assert answer.status_code == 200, text
        blocks = [block.split("\n", 1) for block in text.strip().split("\n\n")]
        return Turn([(head.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for head, data in blocks])
