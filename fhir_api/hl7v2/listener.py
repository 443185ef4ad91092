"""The MLLP listener: connections in bounds, messages of one connection in their order.

Each connection is answered message by message, so its order is kept; connections work side by side
in a few threads, for the database is waited for. A sender that is silent, slow, or sends no frames
loses its connection and nothing else.
"""

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from fhir_api.hl7v2.receiver import Receiver
from fhir_api.hl7v2.wire.acknowledgement import Echo, acknowledgements
from fhir_api.hl7v2.wire.frames import FrameLimits, framed, read_frame
from fhir_api.hl7v2.wire.refusals import Rejected

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]
LOST = (ConnectionError, TimeoutError, asyncio.IncompleteReadError, ssl.SSLError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a listener puts up with.

    Attributes:
        frame: Of one message.
        connections: At the same time; more are closed at once.
        workers: Messages worked on at the same time; each holds two database connections.
        write_s: For a sender to take its acknowledgement, seconds.
    """

    frame: FrameLimits = field(default_factory=FrameLimits)
    connections: int = 64
    workers: int = 4
    write_s: float = 30.0


class Listener:
    """Serves one receiver.

    Attributes:
        outcomes: Messages by outcome since the start.
    """

    def __init__(self, receiver: Receiver, now: Clock, limits: Limits | None = None) -> None:
        self.receiver = receiver
        self.now = now
        self.limits = limits or Limits()
        self.outcomes: Counter[str] = Counter()
        self.threads = ThreadPoolExecutor(self.limits.workers, "hl7v2")
        self.open: set[asyncio.Task[None]] = set()

    async def start(
        self, host: str, port: int, context: ssl.SSLContext | None = None
    ) -> asyncio.Server:
        """A server that accepts connections; with `context`, over TLS."""
        return await asyncio.start_server(
            self.connected, host, port, limit=self.limits.frame.bytes, ssl=context
        )

    async def stop(self, server: asyncio.Server) -> None:
        """Accept no more; a message that is being worked on is finished and acknowledged."""
        server.close()
        for task in self.open:
            task.cancel()
        await asyncio.gather(*self.open, return_exceptions=True)
        self.threads.shutdown()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        if len(self.open) >= self.limits.connections:
            self.outcomes["turned away"] += 1
            writer.close()
            return
        self.open.add(task)
        try:
            await self.serve(reader, writer)
        except LOST as error:
            log.info("A connection ended: %s", type(error).__name__)
        finally:
            self.open.discard(task)
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take in message after message; raises when the connection is of no more use."""
        while True:
            try:
                content = await read_frame(reader, self.limits.frame)
            except Rejected as refusal:
                await self.send(writer, acknowledgements(Echo(), ("", ""), refusal, self.now()))
                self.outcomes["rejected"] += 1
                return
            if content is None:
                return
            answering = asyncio.ensure_future(self.answer(content, writer))
            try:
                await asyncio.shield(answering)
            except asyncio.CancelledError:
                await answering
                raise

    async def answer(self, content: bytes, writer: asyncio.StreamWriter) -> None:
        """Take one message in, in a thread, and acknowledge it."""
        loop = asyncio.get_running_loop()
        receive = self.receiver.receive
        answer = await loop.run_in_executor(self.threads, receive, content, self.now())
        self.outcomes[answer.outcome] += 1
        if answer.refusal is not None:
            log.warning("A message was %s. %s", answer.outcome, answer.refusal)
        await self.send(writer, answer.replies)

    async def send(self, writer: asyncio.StreamWriter, replies: list[bytes]) -> None:
        """Send acknowledgements and wait until the sender has taken them."""
        for reply in replies:
            writer.write(framed(reply))
        async with asyncio.timeout(self.limits.write_s):
            await writer.drain()
