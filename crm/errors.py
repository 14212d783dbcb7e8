"""What can go wrong, by who hears about it.

`CrmError` is expected: its `code` is stable and its message is safe to show to a person or a model.
Everything else that escapes is a bug and crashes with a full traceback at the edge.
"""

from typing import ClassVar


class CrmError(Exception):
    """An expected failure. The message says what was wrong and what would be right."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, path: str | None = None, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        """Where in the input the wrong value stands, e.g. `all[0].window_days`."""
        self.candidates = candidates
        """What the caller may have meant, best first."""


class InvalidRequest(CrmError):
    """The input makes no sense; the same call will fail again."""

    code = "invalid_request"


class NotFound(CrmError):
    """There is no such thing, or the caller may not see it."""

    code = "not_found"


class Ambiguous(CrmError):
    """A name fits several things; `candidates` lists them."""

    code = "ambiguous"


class Forbidden(CrmError):
    """The caller has no right to do this."""

    code = "forbidden"


class Conflict(CrmError):
    """The thing is not in a state that allows this."""

    code = "conflict"


class Unreadable(Conflict):
    """What is stored makes no sense to this version of the program; another version may have written it."""


class Unavailable(CrmError):
    """Something this needs is not running or is held by another process; trying later can help."""

    code = "unavailable"


class TooManyAttempts(CrmError):
    """It was tried too often of late; the same call may succeed after a while."""

    code = "too_many_attempts"

    def __init__(self, message: str, *, wait_seconds: int) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class TimedOut(CrmError):
    """It took longer than it may; a smaller question can help."""

    code = "timed_out"


class Cancelled(CrmError):
    """It was stopped because nobody waited for the answer any more."""

    code = "cancelled"
