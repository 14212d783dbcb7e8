"""What Prometheus reads."""

import secrets
from ipaddress import ip_address

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.auth import TheNurture
from crm.errors import Forbidden

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response)
def metrics(request: Request, nurture: TheNurture) -> Response:
    """The counts of this process and what waits in the database, for this machine or with NURTURE_METRICS_TOKEN."""
    token = nurture.settings.metrics_token
    if token is not None:
        _, _, given = request.headers.get("authorization", "").partition(" ")
        if not secrets.compare_digest(given.strip().encode(), token.get_secret_value().encode()):
            raise Forbidden("metrics need 'Authorization: Bearer' with the token in NURTURE_METRICS_TOKEN")
    elif not _is_local(request):
        raise Forbidden("metrics are shown to this machine alone; set NURTURE_METRICS_TOKEN to read them from others")
    return Response(nurture.metrics.to_text(), media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    """Whether the reader runs here; what a proxy passes on does not."""
    if request.client is None or {"x-forwarded-for", "forwarded"} & set(request.headers):
        return False
    return ip_address(request.client.host).is_loopback
