"""`homeward adt`: take in HL7 v2 ADT messages, and look after those that were refused."""

import asyncio
import json
import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from homeward.errors import WrongCall
from homeward.house import House, open_house

if TYPE_CHECKING:
    import ssl

    from fhir_api.hl7v2.journal import Journal
    from fhir_api.hl7v2.receiver import Receiver

group = typer.Typer(help="HL7 v2 ADT messages over MLLP.", no_args_is_help=True)
LOOPBACK = {"127.0.0.1", "::1", "localhost"}

Tables = Annotated[Path | None, typer.Option(help="A TOML file of the site's own codes.")]
Zone = Annotated[str, typer.Option(help="Time zone of times that say none, such as Europe/Berlin.")]
Processing = Annotated[str, typer.Option(help="Values of MSH-11 taken in, such as P,T.")]
Receivers = Annotated[
    str, typer.Option(help="Values of MSH-5 or MSH-6 that mean us; empty: every message does.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(group, name="adt")


@group.command()
def listen(  # noqa: PLR0913, PLR0917 - the options of a command
    host: Annotated[str, typer.Option(help="Address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = 2575,
    certificate: Annotated[Path | None, typer.Option(help="PEM; with it, TLS is spoken.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM of the certificate's key.")] = None,
    client_authority: Annotated[
        Path | None, typer.Option(help="PEM; clients must show a certificate of it.")
    ] = None,
    tables: Tables = None,
    zone: Zone = "UTC",
    processing: Processing = "P",
    receivers: Receivers = "",
    behind_proxy: Annotated[
        bool, typer.Option(help="A tunnel in front lets only known senders through.")
    ] = False,
) -> None:
    """Answer ADT messages over MLLP until stopped.

    Any address but the loopback needs --client-authority, or a tunnel in front that lets only
    known senders through.

    Example: homeward adt listen --port 2575 --zone America/New_York
    """
    if host not in LOOPBACK and client_authority is None and not behind_proxy:
        raise WrongCall(
            f"{host} can be reached by others and senders are not authenticated. Add "
            "--certificate, --key and --client-authority, or --behind-proxy with a tunnel in front."
        )
    context = _context(certificate, key, client_authority)
    with open_house() as house:
        receiver = _receiver(house, tables, zone, processing, receivers)
        asyncio.run(_serve(house, receiver, host, port, context))


@group.command()
def replay(
    numbers: Annotated[list[int] | None, typer.Argument(help="Dead letters; all without.")] = None,
    tables: Tables = None,
    zone: Zone = "UTC",
    processing: Processing = "P",
    receivers: Receivers = "",
) -> None:
    """Try the messages that were refused once more, in the order they came.

    Ends with 1 when some are refused again.

    Example: homeward adt replay --tables site.toml
    """
    from fhir_api.hl7v2.replay import replay as again

    with open_house() as house:
        receiver = _receiver(house, tables, zone, processing, receivers)
        outcomes = again(receiver, house.now(), numbers or None)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
    typer.echo(counts or "No dead letter waits.")
    raise typer.Exit(1 if outcomes["refused"] or outcomes["rejected"] else 0)


@group.command("dead-letters")
def dead_letters(
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """List the messages that were refused, where and why, and how many were taken in.

    Example: homeward adt dead-letters
    """
    with open_house() as house:
        journal = _journal(house)
        letters, counts = journal.letters(), journal.counts()
    rows = [
        {
            "number": each.number,
            "event": each.event,
            "received_at": each.received_at.isoformat(timespec="seconds"),
            "place": each.place,
            "code": each.code,
            "reason": each.reason,
            "tries": each.tries,
        }
        for each in letters
    ]
    if as_json:
        typer.echo(json.dumps({"counts": counts, "dead_letters": rows}, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['number']:>6}  {row['received_at']}  {row['event']}  {row['reason']}")
    typer.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()))


async def _serve(
    house: House, receiver: "Receiver", host: str, port: int, context: "ssl.SSLContext | None"
) -> None:
    from fhir_api.hl7v2.listener import Listener

    logging.getLogger("fhir_api.hl7v2").setLevel(logging.INFO)
    listener = Listener(receiver, house.now)
    server = await listener.start(host, port, context)
    bound = server.sockets[0].getsockname()[1]
    typer.echo(f"Listening for ADT messages on {host}:{bound}.", err=True)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
    await listener.stop(server)
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(listener.outcomes.items()))
    typer.echo(f"Stopped: {told or 'no message came'}.", err=True)


def _receiver(
    house: House, tables: Path | None, zone: str, processing: str, receivers: str
) -> "Receiver":
    from fhir_api.audit.trail import AuditTrail
    from fhir_api.hl7v2.conversion.vocabulary import load_vocabulary
    from fhir_api.hl7v2.receiver import Receiver, Rules
    from fhir_api.ingest.ingestor import Ingestor
    from fhir_api.validation.validator import Validator

    try:
        known_zone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise WrongCall(f"There is no time zone {zone}; say one such as Europe/Berlin.") from error
    rules = Rules(
        load_vocabulary(tables),
        known_zone,
        _listed(processing),
        _listed(receivers),
        keeps_states=house.settings.vault,
    )
    ingestor = Ingestor(house.store, house.deidentifier, Validator(), house.keys)
    trail = AuditTrail(house.engine, house.settings.site)
    return Receiver(ingestor, _journal(house), rules, trail)


def _journal(house: House) -> "Journal":
    from fhir_api.hl7v2.journal import Journal

    return Journal(house.engine, house.keys)


def _listed(given: str) -> frozenset[str]:
    return frozenset(part.strip() for part in given.split(",") if part.strip())


def _context(
    certificate: Path | None, key: Path | None, client_authority: Path | None
) -> "ssl.SSLContext | None":
    from fhir_api.hl7v2.transport import tls_context

    if certificate is None and key is None and client_authority is None:
        return None
    if certificate is None or key is None:
        raise WrongCall("TLS needs both --certificate and --key, as PEM files.")
    return tls_context(certificate, key, client_authority)
