"""Several processes behind one port, where one interpreter is not enough.

The parent listens and accepts nothing; each worker opens its own house and accepts from the same
socket. What they share lies in Postgres: jobs and subscriptions are leased, assertions and launches
are used once. A worker that ends, ends them all, so that whoever runs the server sees it.
"""

import signal
import socket
import threading
from collections.abc import Sequence
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from types import FrameType

from homeward.errors import CannotStart
from homeward.settings import Settings

BACKLOG = 2048
PATIENCE_S = 15.0


def serve_with(settings: Settings) -> None:
    """Answer with `settings.workers` processes until told to stop, or until one of them ends.

    Metrics of the first worker are on the port of the settings, those of the second on the next.

    Raises:
        CannotStart: The port cannot be had, or a worker ended by itself.
    """
    context = get_context("spawn")
    with listening(settings) as door:
        workers = [
            context.Process(target=work, args=(one_of(settings, number), door), daemon=False)
            for number in range(settings.workers)
        ]
        for worker in workers:
            worker.start()
        asked = threading.Event()

        def end(_signal: int, _frame: FrameType | None) -> None:
            asked.set()
            stop(workers)

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        connection.wait([worker.sentinel for worker in workers])
        stop(workers)
    if not asked.is_set():
        raise CannotStart("A worker of the server ended by itself; its words are above.")


def work(settings: Settings, door: socket.socket) -> None:
    """What a worker does: answer over a house of its own."""
    from homeward.commands.serve import listen
    from homeward.house import House

    house = House(settings)
    try:
        listen(house, [door])
    finally:
        house.close()


def one_of(settings: Settings, number: int) -> Settings:
    """The settings of one worker: as given, its metrics on a port of their own."""
    first = settings.metrics_port
    return settings.model_copy(update={"metrics_port": first + number if first else 0})


def listening(settings: Settings) -> socket.socket:
    """The socket all accept from."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((settings.host, settings.port))
    except OSError as error:
        door.close()
        raise CannotStart(f"Port {settings.port} cannot be had: {error.strerror}.") from error
    door.listen(BACKLOG)
    door.set_inheritable(True)
    return door


def stop(workers: Sequence[BaseProcess]) -> None:
    """Ask all to end, and end those that do not."""
    for worker in workers:
        if worker.is_alive():
            worker.terminate()
    for worker in workers:
        worker.join(PATIENCE_S)
        if worker.is_alive():
            worker.kill()
