"""One structured line an event, on stderr. Events carry ids, never names, addresses or message bodies."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor


def configure_logs(level: str, *counting: Processor) -> None:
    """Set up logging for this process. Tracebacks are plain: local variables may hold what members said.

    `counting` sees every event, below the level, too: what is not written is counted all the same.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *counting,
            _from_level(logging.getLevelNamesMapping()[level]),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        # Looked up anew for each logger: who replaces stderr after this gets the lines too.
        logger_factory=lambda *_args: structlog.PrintLogger(sys.stderr),
    )


def _from_level(least: int) -> Processor:
    def keep(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        if logging.getLevelNamesMapping()[str(event["level"]).upper()] < least:
            raise structlog.DropEvent
        return event

    return keep
