"""The knowledge base of a running server, for commands that run beside it."""

import httpx
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from crm.errors import InvalidRequest, Unavailable
from knowledge_base.port import InsightHit

SEARCH_PATH = "/api/internal/insights/search"
TIMEOUT_SECONDS = 15.0

_HITS = TypeAdapter(list[InsightHit])


class RemoteIndex:
    """Asks the process that owns the folder, over loopback HTTP."""

    def __init__(self, base_url: str, token: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    def search(self, query: str, limit: int = 5) -> list[InsightHit]:
        """Raises InvalidRequest for an empty query, Unavailable when the server does not answer as it should."""
        if not query.strip():
            raise InvalidRequest("say what to look for in the knowledge base")
        try:
            response = self._client.post(SEARCH_PATH, json={"query": query, "limit": limit})
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise Unavailable(f"the server at {self._client.base_url} does not answer searches: {error}") from error
        return _HITS.validate_json(response.content)

    def rebuild(self, session: Session) -> int:
        """Raises Unavailable: only the owner may rebuild."""
        raise Unavailable("the running server owns the knowledge base; stop it before rebuilding")

    def close(self) -> None:
        self._client.close()
