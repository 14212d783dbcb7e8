"""Who runs the engine: one row for each name of a server or worker, with its last sign of life."""

import os
import socket
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.database import Base

BEAT_SECONDS = 10.0
"""Pause between two signs of life."""
SILENCE = timedelta(seconds=35)
"""Longer without a sign than three missed ones: the worker is taken for dead. Only people read this; what it held
is taken over when its leases run out."""


class Worker(Base):
    """A process that runs the engine. Times are the machine's, not the workspace's."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    """When it went in order; None while it runs, and after it was killed."""

    def state_at(self, now: datetime) -> str:
        """`running`, `stopped` (in order) or `silent`: killed, or cut off from the database."""
        if self.stopped_at is not None:
            return "stopped"
        return "running" if self.is_alive(now) else "silent"

    def is_alive(self, now: datetime) -> bool:
        return self.stopped_at is None and now - self.seen_at <= SILENCE


def worker_started(session: Session, name: str, now: datetime) -> None:
    """Enter this process under its name, in place of the one that had it before."""
    session.merge(
        Worker(name=name, host=socket.gethostname(), pid=os.getpid(), started_at=now, seen_at=now, stopped_at=None)
    )


def worker_seen(session: Session, name: str, now: datetime) -> None:
    session.get_one(Worker, name).seen_at = now


def worker_stopped(session: Session, name: str, now: datetime) -> None:
    worker = session.get_one(Worker, name)
    worker.seen_at = worker.stopped_at = now


def list_workers(session: Session) -> list[Worker]:
    """All that ever ran, those seen last first."""
    return list(session.scalars(select(Worker).order_by(Worker.seen_at.desc(), Worker.name)))
