"""What a page's address names."""

from fastapi import Request

from crm.errors import NotFound


def id_in(request: Request, name: str) -> int:
    """A number in the path. Raises NotFound for anything else."""
    written = str(request.path_params[name])
    if not written.isascii() or not written.isdigit():
        raise NotFound(f"there is nothing at {request.url.path}")
    return int(written)
