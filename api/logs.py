"""One structured line an event, on stderr. Events carry ids, never names, addresses or message bodies."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Set up logging for this process. Tracebacks are plain: local variables may hold what members said."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        # Looked up anew for each logger: who replaces stderr after this gets the lines too.
        logger_factory=lambda *_args: structlog.PrintLogger(sys.stderr),
    )
