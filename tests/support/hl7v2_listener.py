"""A listener in a process of its own, so that a test can kill it at the worst moment.

    python -m tests.support.hl7v2_listener URL before|after|never

Prints its port, then `held` when it has a message in hand: `before` its resources are stored, or
`after`, when the record of the message is not yet written. It holds the message until it is killed.
"""

import asyncio
import sys
import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import create_engine

from fhir_api.hl7v2.listener import Listener
from fhir_api.ingest.ingestor import Ingestor, Stored
from tests.support.fhir import ingestor
from tests.support.hl7v2 import NOW, receiver


class Holding(Ingestor):
    """An ingestor that stops before or after its work and waits for the end."""

    moment = "never"

    def transaction(self, bundle: Mapping[str, Any], *given: Any, **more: Any) -> list[Stored]:
        """Store the Bundle, if it gets that far."""
        self.hold("before")
        stored = super().transaction(bundle, *given, **more)
        self.hold("after")
        return stored

    def hold(self, moment: str) -> None:
        """Say so and wait, when this is the moment."""
        if moment == self.moment:
            print("held", flush=True)  # noqa: T201 - the test reads it
            threading.Event().wait()


async def serve(url: str, moment: str) -> None:
    """Listen until killed."""
    engine = create_engine(url)
    parts = ingestor(engine)
    made = Holding(parts.store, parts.deidentifier, parts.validator, parts.keys)
    made.moment = moment
    server = await Listener(receiver(engine, made), lambda: NOW).start("127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - the test reads it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
