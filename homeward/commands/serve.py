"""`homeward serve`: FHIR at /fhir, CDS Hooks at /cds-services, metrics on a port of their own."""

import logging
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.errors import CannotStart, WrongCall
from homeward.house import House, open_house

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

LARGEST_HEAD = 65_536  # bytes; the API itself refuses smaller ones with an OperationOutcome
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address; default 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; default 8080.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Of /metrics; default 9090.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that answer; default 1.")] = None,
    behind_proxy: Annotated[
        bool, typer.Option(help="A proxy in front authenticates callers and ends TLS.")
    ] = False,
) -> None:
    """Run the server until it is stopped.

    With HOMEWARD_AUTHORIZATION=smart callers of the FHIR API need access tokens. Callers of CDS
    Hooks are not authenticated here, so any address but the loopback is refused unless a proxy that
    does so stands in front.

    Example: homeward serve --port 8080 --metrics-port 9090
    """
    from homeward.workers import serve_with

    given = {"host": host, "port": port, "metrics_port": metrics_port, "workers": workers}
    with open_house(**given) as house:
        _refuse_open_door(house, behind_proxy=behind_proxy)
        if house.settings.workers == 1:
            listen(house)
        else:
            house.engine.dispose()  # the schema is new; the embedded database stays up meanwhile
            serve_with(house.settings)


def listen(house: House, doors: "Sequence[socket.socket]" = ()) -> None:
    """Answer requests until the process is told to stop; at sockets that listen, if some do."""
    import uvicorn
    from threadpoolctl import threadpool_limits

    from homeward.app import create_app
    from homeward.metrics_server import MetricsServer
    from homeward.proxies import BehindProxies

    settings = house.settings
    logging.getLogger("homeward").setLevel(logging.INFO)
    app, metrics = create_app(house)
    # One score is small; threads of BLAS would wait for each other longer than they compute.
    with threadpool_limits(1), MetricsServer(house, metrics, settings.metrics_port):
        config = uvicorn.Config(
            BehindProxies(app, settings.trusted_proxies),
            proxy_headers=False,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
        server = uvicorn.Server(config)
        leave_in_order()
        server.run(sockets=list(doors) or None)
    if not server.started:
        raise CannotStart("The server could not start; its words are above.")


def leave_in_order() -> None:
    """Have SIGTERM end the process by the way of all errors, so that what was opened is closed.

    The web server stops at the signal and then sends it again, which by itself ends us on the spot:
    the embedded database would stay up.
    """
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit())


def _refuse_open_door(house: House, *, behind_proxy: bool) -> None:
    settings = house.settings
    if settings.host in LOOPBACK:
        return
    if not behind_proxy:
        raise WrongCall(
            f"{settings.host} can be reached by others, and callers of CDS Hooks are not "
            "authenticated here. Put a proxy in front that does so and ends TLS, and add "
            "--behind-proxy."
        )
    if settings.authorization == "smart" and settings.public_url is None:
        raise WrongCall(
            "Set HOMEWARD_PUBLIC_URL: tokens are bound to the address under which clients reach "
            "the server, and it must not come from their requests."
        )
