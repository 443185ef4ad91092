"""`homeward clients`: register, list, show, remove, import; and users."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import Engine
from typer.testing import CliRunner

from fhir_api.errors import FhirError
from fhir_api.smart.errors import InvalidRegistration, UnknownClient
from homeward.cli import register_commands
from tests.support.smart import EC, PASSWORD, public

REDIRECT = "https://app.example/callback"
COMMANDS = (
    ["add"], ["list"], ["show"], ["remove"], ["import"],
    ["users", "add"], ["users", "list"], ["users", "remove"],
)  # fmt: skip


@pytest.fixture(autouse=True)
def house(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert engine.url.database
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOMEWARD_DATABASE_URL", database_url)
    monkeypatch.setenv("HOMEWARD_KEY", bytes(range(9, 41)).hex())


def clients(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(register_commands(), ["clients", *arguments], input=given)


def listed(*arguments: str) -> Any:
    return json.loads(clients(*arguments, "--json").stdout)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_helps_with_an_example(command: list[str]) -> None:
    helped = clients(*command, "--help")

    assert helped.exit_code == 0
    assert "Example: " in helped.stdout


def test_a_public_app_is_added_listed_shown_and_removed() -> None:
    added = clients("add", "app", "--scope", "patient/*.rs", "--redirect", REDIRECT)
    assert (added.exit_code, added.stdout) == (0, "app is registered.\n")

    assert "app  none  patient/*.rs" in clients("list").stdout
    shown = json.loads(clients("show", "app").stdout)
    assert (shown["redirect_uris"], shown["identified"]) == ([REDIRECT], False)

    assert clients("remove", "app").exit_code == 0
    assert listed("list") == []


def test_a_confidential_app_gets_a_secret_that_is_shown_once() -> None:
    added = clients(
        "add", "app", "--kind", "confidential", "--scope", "user/*.rs", "--redirect", REDIRECT
    )

    secret = added.stdout.strip().rpartition(" ")[2]
    assert len(secret) >= 32
    assert secret not in clients("show", "app").stdout
    assert listed("list")[0]["authentication"] == "client_secret_basic"


def test_a_system_is_added_with_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(public(EC)))

    added = clients("add", "etl", "--kind", "system", "--scope", "system/*.rs", "--keys", str(path))

    assert added.exit_code == 0, added.output
    assert listed("list")[0]["jwks"] == public(EC)


def test_the_keys_of_a_system_may_stand_at_an_address() -> None:
    url = "https://etl.example/jwks"

    clients("add", "etl", "--kind", "system", "--scope", "system/*.rs", "--keys", url)

    assert listed("list")[0]["jwks_url"] == url


def test_clients_are_imported_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "clients.toml"
    path.write_text(
        f'[[clients]]\nid = "a"\nkind = "public"\nscopes = ["user/*.rs"]\n'
        f'redirect_uris = ["{REDIRECT}"]\n'
    )

    assert clients("import", str(path)).stdout == "1 registered: a\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["add", "app", "--redirect", REDIRECT], InvalidRegistration),
        (["add", "app", "--keys", "/nowhere", "--scope", "user/*.rs"], InvalidRegistration),
        (["show", "nobody"], UnknownClient),
        (["remove", "nobody"], UnknownClient),
        (["users", "remove", "nobody"], UnknownClient),
    ],
)
def test_a_wrong_call_is_refused(arguments: list[str], error: type[FhirError]) -> None:
    assert isinstance(clients(*arguments).exception, error)


def test_a_user_is_added_listed_and_removed() -> None:
    added = clients("users", "add", "jo", "Practitioner/7", given=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    assert PASSWORD not in added.output

    assert listed("users", "list") == [
        {"login": "jo", "fhir_user": "Practitioner/7", "has_password": True}
    ]
    assert "jo  Practitioner/7" in clients("users", "list").stdout
    assert clients("users", "remove", "jo").exit_code == 0
    assert listed("users", "list") == []


def test_a_user_of_the_proxy_has_no_password() -> None:
    clients("users", "add", "jo", "Practitioner/7", "--by-proxy")

    assert listed("users", "list")[0]["has_password"] is False


@pytest.mark.parametrize(
    ("login", "fhir_user", "password"),
    [("jo", "Practitioner/7", "short"), ("jo", "Dr Jo", PASSWORD), ("j o", "Patient/1", PASSWORD)],
)
def test_a_user_that_makes_no_sense_is_refused(login: str, fhir_user: str, password: str) -> None:
    refused = clients("users", "add", login, fhir_user, given=f"{password}\n")

    assert isinstance(refused.exception, InvalidRegistration)
    assert listed("users", "list") == []
