"""The registered clients of one site: put, found, listed, removed, read from a file."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, RowMapping, delete, select
from sqlalchemy.dialects.postgresql import insert

from fhir_api.smart.client import Client
from fhir_api.smart.errors import InvalidRegistration, UnknownClient
from fhir_api.smart.registration import ID, client_of
from fhir_api.smart.sealing import Seal
from fhir_api.smart.tables import SmartClient, SmartCode, SmartToken

MEMBERS = tuple(each.name for each in fields(Client))
LISTS = ("redirect_uris", "launch_uris", "grant_types")


@dataclass(frozen=True, slots=True)
class Clients:
    """Clients of one site in the database.

    Attributes:
        engine: Of the database.
        seal: Of the site.
    """

    engine: Engine
    seal: Seal

    def find(self, client_id: str | None) -> Client | None:
        """The client, or None; whatever is no id at all is not looked for."""
        if client_id is None or not ID.fullmatch(client_id):
            return None
        query = select(SmartClient.__table__).where(
            SmartClient.site == self.seal.site, SmartClient.client_id == client_id
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return client_from(row) if row is not None else None

    def every(self) -> list[Client]:
        """All clients, by id."""
        query = (
            select(SmartClient.__table__)
            .where(SmartClient.site == self.seal.site)
            .order_by(SmartClient.client_id)
        )
        with self.engine.connect() as connection:
            return [client_from(row) for row in connection.execute(query).mappings()]

    def put(self, clients: Iterable[Client], now: datetime) -> None:
        """Register clients, or replace them, all or none; tokens they hold stay good."""
        with self.engine.begin() as connection:
            for client in clients:
                values = asdict(client) | {"registered_at": now}
                keys = {"site": self.seal.site, "client_id": client.client_id}
                statement = insert(SmartClient).values(**(values | keys))
                connection.execute(
                    statement.on_conflict_do_update(constraint="pk_smart_client", set_=values)
                )

    def remove(self, client_id: str) -> None:
        """Forget a client, and every code and token it holds; raises UnknownClient."""
        with self.engine.begin() as connection:
            for table in (SmartCode, SmartToken):
                connection.execute(
                    delete(table).where(table.site == self.seal.site, table.client_id == client_id)
                )
            gone = connection.execute(
                delete(SmartClient).where(
                    SmartClient.site == self.seal.site, SmartClient.client_id == client_id
                )
            )
        if gone.rowcount == 0:
            raise UnknownClient("client")

    def load(self, path: Path, now: datetime) -> list[Client]:
        """Register every client of a file, or none; those not named there stay as they are."""
        clients = [self.described(place, each) for place, each in enumerate(read_list(path))]
        self.put(clients, now)
        return clients

    def described(self, place: int, described: Any) -> Client:
        """One client of a file; an error says which."""
        if not isinstance(described, dict):
            raise InvalidRegistration(f"clients[{place}]", "a table of members")
        try:
            return client_of(described, self.seal)
        except InvalidRegistration as error:
            expression = f"clients[{place}].{error.expression}"
            message = str(error).partition(" must be ")[2].removesuffix(". Nothing was registered.")
            raise InvalidRegistration(expression, message) from error


def client_from(row: RowMapping) -> Client:
    """A client as it is stored."""
    values = {name: row[name] for name in MEMBERS}
    return Client(**values | {name: tuple(row[name]) for name in LISTS})


def read_list(path: Path) -> list[Any]:
    """The clients of a JSON file (a list, or `clients`) or a TOML file (`[[clients]]`)."""
    try:
        text = path.read_text(encoding="utf-8")
        read = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidRegistration(path.name, "a readable JSON or TOML file") from error
    listed = read.get("clients") if isinstance(read, dict) else read
    if not isinstance(listed, list):
        raise InvalidRegistration("clients", "a list of clients")
    return listed
