"""Opening the knowledge base of a home folder. Chroma and the encoder are imported here, when first needed."""

from pathlib import Path
from shutil import rmtree

from crm.database import Sessions
from knowledge_base.port import InsightIndex

FOLDER = "knowledge"


def open_index(home: Path, sessions: Sessions) -> InsightIndex:
    """The index in `home`/knowledge, made on first use. Takes about 3 seconds.

    Raises Unavailable when another process owns it: ask that one through `RemoteIndex`.
    """
    from knowledge_base.chroma import ChromaIndex  # noqa: PLC0415 - 2 s of imports that most commands never need

    return ChromaIndex(home / FOLDER, sessions)


def forget_index(home: Path) -> None:
    """Remove the index's folder; the next `open_index` makes it anew from SQL. No process may have it open."""
    rmtree(home / FOLDER, ignore_errors=True)
