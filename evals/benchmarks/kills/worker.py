"""One worker: the product as `bootstrap` wires it, turning the engine for as long as it lives."""

import time
from multiprocessing.connection import Connection

from api.bootstrap import bootstrap
from crm.catalog import CATALOG
from crm.journeys.engine import run_due
from crm.settings import Settings

PAUSE_SECONDS = 0.01


def work(settings: Settings, name: str, line: Connection) -> None:
    """Says on the line when it is up; never returns."""
    nurture = bootstrap(settings)
    links = nurture.links
    line.send("up")
    while True:
        run_due(nurture.sessions, nurture.clock.now(), nurture.adapters, catalog=CATALOG, links=links, worker=name)
        time.sleep(PAUSE_SECONDS)
