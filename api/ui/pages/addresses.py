"""What a page's address names."""

from fastapi import Request

from crm.bounds import row_id
from crm.errors import NotFound


def id_in(request: Request, name: str) -> int:
    """A number in the path. Raises NotFound for anything else."""
    number = row_id(str(request.path_params[name]))
    if number is None:
        raise NotFound(f"there is nothing at {request.url.path}")
    return number
