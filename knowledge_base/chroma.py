"""Lessons in an embedded Chroma store: an index of what SQL holds, owned by one process, rebuildable at any time."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import cast

import chromadb
from chromadb.api.client import Client
from chromadb.config import Settings as ChromaSettings
from filelock import FileLock, Timeout
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.database import Sessions, read_only
from crm.errors import InvalidRequest, Unavailable
from crm.insights.models import Insight
from knowledge_base.documents import document_of, fingerprint_of, hit_of
from knowledge_base.embedding import shared_encoder
from knowledge_base.port import InsightHit
from knowledge_base.ranking import fuse, rank_by_words

COLLECTION = "insights"
LOCK_NAME = "owner.lock"
BATCH = 500
CANDIDATES = 30
"""How deep each ranking goes before they are joined."""
MAX_QUERY_CHARACTERS = 2_000


class ChromaIndex:
    """Searches by meaning and by words. Chroma's files serve one process only, so a lock names the owner."""

    def __init__(self, path: Path, sessions: Sessions) -> None:
        """Raises Unavailable when another process owns the folder."""
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._sessions = sessions
        self._guard = Lock()
        self._owner = FileLock(path / LOCK_NAME, thread_local=False)
        try:
            self._owner.acquire(timeout=0)
        except Timeout as error:
            raise Unavailable(
                f"the knowledge base in {path} is open in another process; ask that one, or stop it"
            ) from error
        self._encoder = shared_encoder()
        self._client = self._open_client()
        self._collection = self._open_collection()

    def _open_client(self) -> Client:
        settings = ChromaSettings(anonymized_telemetry=False)
        return cast(Client, chromadb.PersistentClient(path=str(self._path / "chroma"), settings=settings))

    def _open_collection(self) -> chromadb.Collection:
        # Vectors are always passed in: Chroma's default function would download a model.
        return self._client.get_or_create_collection(
            COLLECTION, embedding_function=None, metadata={"hnsw:space": "cosine"}
        )

    def search(self, query: str, limit: int = 5) -> list[InsightHit]:
        """The lessons nearest in meaning, best first; brought in line with SQL first. Raises InvalidRequest."""
        text = query.strip()[:MAX_QUERY_CHARACTERS]
        if not text or limit < 1:
            raise InvalidRequest("say what to look for in the knowledge base, and for how many lessons")
        with self._guard, read_only(self._sessions) as session:
            insights = {insight.id: insight for insight in session.scalars(select(Insight))}
            self._sync(list(insights.values()))
            if not insights:
                return []
            documents = {key: document_of(insight) for key, insight in insights.items()}
            rankings = (self._rank_by_meaning(text), rank_by_words(text, documents)[:CANDIDATES])
            scores = fuse(rankings)
            return [hit_of(insights[key], scores[key]) for key in list(scores)[:limit]]

    def rebuild(self, session: Session) -> int:
        """Forget every vector and index what SQL holds; returns how many lessons that is."""
        with self._guard:
            self._client.delete_collection(COLLECTION)
            self._collection = self._open_collection()
            insights = list(session.scalars(select(Insight)))
            self._sync(insights)
            return len(insights)

    def close(self) -> None:
        """Let go of the folder; the index cannot be used afterwards."""
        with self._guard:
            self._client.close()
            self._owner.release()

    def _rank_by_meaning(self, query: str) -> list[int]:
        count = min(CANDIDATES, self._collection.count())
        found = self._collection.query(query_embeddings=self._encoder.encode([query]), n_results=count, include=[])
        return [int(key) for key in found["ids"][0]]

    def _sync(self, insights: Sequence[Insight]) -> None:
        """Add and change what SQL has anew, remove what it no longer has."""
        stored = self._collection.get(include=["metadatas"])
        known = {
            key: (metadata or {}).get("fingerprint")
            for key, metadata in zip(stored["ids"], stored["metadatas"] or (), strict=True)
        }
        documents = {str(insight.id): document_of(insight) for insight in insights}
        changed = [key for key, text in documents.items() if known.get(key) != fingerprint_of(text)]
        for start in range(0, len(changed), BATCH):
            keys = changed[start : start + BATCH]
            texts = [documents[key] for key in keys]
            self._collection.upsert(
                ids=keys,
                documents=texts,
                embeddings=self._encoder.encode(texts),
                metadatas=[{"fingerprint": fingerprint_of(text)} for text in texts],
            )
        gone = sorted(known.keys() - documents.keys())
        if gone:
            self._collection.delete(ids=gone)
