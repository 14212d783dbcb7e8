"""Work for one request that ends early when the client hangs up: a closed page, an aborted fetch."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request

from crm.limits import Cancellation

T = TypeVar("T")


async def while_connected(request: Request, work: Callable[[Cancellation], T]) -> T:
    """Run `work` in a thread; its cancellation is asked for as soon as nobody waits for the answer.

    Raises what `work` raises: Cancelled when the client was gone before the end.
    """
    cancellation = Cancellation()
    working = asyncio.create_task(asyncio.to_thread(work, cancellation))
    hanging_up = asyncio.create_task(_hang_up(request))
    try:
        await asyncio.wait({working, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            cancellation.cancel()
        return await working
    finally:
        # Also when the server itself gives up on this request: no query outlives it.
        cancellation.cancel()
        hanging_up.cancel()
        await asyncio.gather(working, hanging_up, return_exceptions=True)


async def _hang_up(request: Request) -> None:
    """Return when the client has gone; its body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
