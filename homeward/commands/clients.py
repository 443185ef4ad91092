"""`homeward clients`: which apps and systems may ask for access, and which users may open apps."""

import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeward.house import House, open_house

if TYPE_CHECKING:
    from fhir_api.smart.client import Client
    from fhir_api.smart.clients import Clients
    from fhir_api.smart.users import Users

group = typer.Typer(help="Apps and systems that may ask for access.", no_args_is_help=True)
users = typer.Typer(help="Users who may open apps.", no_args_is_help=True)
group.add_typer(users, name="users")

AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(group, name="clients")


@group.command()
def add(
    client_id: Annotated[str, typer.Argument(help="Id of the client, of your choice.")],
    kind: Annotated[str, typer.Option(help="public, confidential or system.")] = "public",
    scope: Annotated[list[str] | None, typer.Option(help="A scope it may be granted.")] = None,
    redirect: Annotated[list[str] | None, typer.Option(help="Address for codes.")] = None,
    keys: Annotated[str, typer.Option(help="JWK Set: a file, or an https address.")] = "",
    identified: Annotated[
        bool, typer.Option(help="Let it see real ids and dates, and write.")
    ] = False,
) -> None:
    """Register an app or a system; a confidential app without keys gets a secret, shown once.

    Example: homeward clients add dashboard --scope "patient/*.rs" --scope launch/patient
    --redirect https://dashboard.example.org/callback
    """
    described: dict[str, Any] = {
        "id": client_id,
        "kind": kind,
        "scopes": scope or [],
        "redirect_uris": redirect or [],
        "identified": identified,
        **given_keys(keys),
    }
    secret = secrets.token_urlsafe(32) if kind == "confidential" and not keys else None
    with open_house() as house:
        put(house, described | ({"secret": secret} if secret else {}))
    typer.echo(f"{client_id} is registered.")
    if secret:
        typer.echo(f"Its secret, which is not kept: {secret}")


@group.command("list")
def list_clients(as_json: AsJson = False) -> None:
    """Every client of the site, with how it proves who it is and what it may be granted.

    Example: homeward clients list
    """
    with open_house() as house:
        rows = [shown(each) for each in clients_of(house).every()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['id']}  {row['authentication']}  {row['scopes']}")


@group.command()
def show(client_id: Annotated[str, typer.Argument(help="Id of the client.")]) -> None:
    """One client, as JSON; its secret is not kept and cannot be shown.

    Example: homeward clients show dashboard
    """
    from fhir_api.smart.errors import UnknownClient

    with open_house() as house:
        found = clients_of(house).find(client_id)
    if found is None:
        raise UnknownClient("client")
    typer.echo(json.dumps(shown(found), indent=2))


@group.command()
def remove(client_id: Annotated[str, typer.Argument(help="Id of the client.")]) -> None:
    """Forget a client, and every token it holds.

    Example: homeward clients remove dashboard
    """
    with open_house() as house:
        clients_of(house).remove(client_id)
    typer.echo(f"{client_id} is removed.")


@group.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(help="JSON or TOML list of clients.", exists=True)],
) -> None:
    """Register every client of a file, or none; those not named there stay.

    Example: homeward clients import clients.toml
    """
    with open_house() as house:
        registered = clients_of(house).load(path, house.now())
    typer.echo(f"{len(registered)} registered: {', '.join(each.client_id for each in registered)}")


@users.command("add")
def add_user(
    login: Annotated[str, typer.Argument(help="Name to sign in with.")],
    fhir_user: Annotated[str, typer.Argument(help="Who it is, such as Practitioner/7.")],
    by_proxy: Annotated[bool, typer.Option(help="Signed in by the proxy; no password.")] = False,
) -> None:
    """Add a user, or replace one; the password is asked for, or read from standard input.

    Example: homeward clients users add jo Practitioner/7
    """
    password = None if by_proxy else typer.prompt("Password", hide_input=True)
    with open_house() as house:
        users_of(house).put(login, fhir_user, password, house.now())
    typer.echo(f"{login} may open apps.")


@users.command("list")
def list_users(as_json: AsJson = False) -> None:
    """Every user, with who it is in FHIR.

    Example: homeward clients users list
    """
    with open_house() as house:
        rows = [
            {"login": each.login, "fhir_user": each.fhir_user, "has_password": each.has_password}
            for each in users_of(house).every()
        ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        typer.echo(f"{row['login']}  {row['fhir_user']}")


@users.command("remove")
def remove_user(login: Annotated[str, typer.Argument(help="Name to sign in with.")]) -> None:
    """Forget a user; access lent in their name ends when it would have to be renewed.

    Example: homeward clients users remove jo
    """
    with open_house() as house:
        users_of(house).remove(login)
    typer.echo(f"{login} is removed.")


def put(house: House, described: dict[str, Any]) -> None:
    """Register one client as described."""
    from fhir_api.smart.registration import client_of

    clients = clients_of(house)
    clients.put([client_of(described, clients.seal)], house.now())


def given_keys(keys: str) -> dict[str, Any]:
    """Public keys from a file, or the address they stand at."""
    from fhir_api.smart.errors import InvalidRegistration

    if not keys:
        return {}
    if keys.startswith(("https:", "http:")):
        return {"jwks_url": keys}
    try:
        return {"jwks": json.loads(Path(keys).read_text(encoding="utf-8"))}
    except (OSError, ValueError) as error:
        raise InvalidRegistration("--keys", "a file that holds a JWK Set") from error


def shown(client: "Client") -> dict[str, Any]:
    """A client as a file would describe it, without its secret."""
    return {
        "id": client.client_id,
        "name": client.name,
        "authentication": client.authentication,
        "scopes": client.scopes,
        "grant_types": list(client.grant_types),
        "redirect_uris": list(client.redirect_uris),
        "launch_uris": list(client.launch_uris),
        "jwks": client.jwks,
        "jwks_url": client.jwks_url,
        "identified": client.identified,
        "introspects": client.introspects,
    }


def clients_of(house: House) -> "Clients":
    """The clients of the site."""
    from fhir_api.smart.clients import Clients
    from fhir_api.smart.sealing import Seal

    return Clients(house.engine, Seal(house.keys))


def users_of(house: House) -> "Users":
    """The users of the site."""
    from fhir_api.smart.sealing import Seal
    from fhir_api.smart.users import Users

    return Users(house.engine, Seal(house.keys))
