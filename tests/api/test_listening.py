"""The socket that the server listens on."""

import asyncio
import socket

import pytest

from api.cli.server import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_answers_on_a_kept_connection_do_not_wait_for_an_acknowledgement(host: str) -> None:
    """asyncio sets TCP_NODELAY only where the listening socket names its protocol."""

    async def accepted() -> int:
        options: asyncio.Queue[int] = asyncio.Queue()

        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken: socket.socket = writer.get_extra_info("socket")
            options.put_nowait(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = listen(host, 0)
        async with await asyncio.start_server(greet, sock=listener):
            _reader, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            found = await options.get()
            writer.close()
            return found

    assert asyncio.run(accepted()) == 1
