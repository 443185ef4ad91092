"""The number of statements of a Bundle does not grow with its entries."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.ingest.parts import Sender
from tests.support.fhir import bundle, observation, organization, patient, post, put, serving
from tests.support.instance import only
from tests.support.transactions import counted, delete, get, patch, put_where

FEW, MANY = 5, 60
SHUT = {"op": "replace", "path": "/active", "value": False}


def named(number: int) -> str:
    return f"urn:uuid:{number:08d}-2222-4333-8444-555566667777"


def clinic(number: int) -> str:
    return f"identifier=http://orgs.example|{number}"


def creates(count: int) -> list[Any]:
    return [post(patient(), named(0)), *(post(observation(named(0))) for _ in range(count))]


def conditional_creates(count: int) -> list[Any]:
    return [post(organization(str(each)), ifNoneExist=clinic(each)) for each in range(count)]


def conditional_references(count: int) -> list[Any]:
    made = [post(organization(f"new{each}")) for each in range(count)]
    asked = [clinic(each) for each in range(count)]
    asked += [f"identifier=http://orgs.example|new{each}" for each in range(count)]
    referring = [{"reference": f"Organization?{each}"} for each in asked]
    return [*made, *(post(patient(managingOrganization=each)) for each in referring)]


def conditional_updates(count: int) -> list[Any]:
    return [put_where(organization(str(each), active=False), clinic(each)) for each in range(count)]


def updates(count: int) -> list[Any]:
    return [put(organization("x", id=id_), ifMatch='W/"1"') for id_ in there(count)]


def deletes(count: int) -> list[Any]:
    return [delete(f"Organization/{id_}") for id_ in there(count)]


def conditional_deletes(count: int) -> list[Any]:
    return [delete(f"Organization?{clinic(each)}") for each in range(count)]


def reads(count: int) -> list[Any]:
    return [get(f"Organization/{id_}") for id_ in there(count)]


def patches(count: int) -> list[Any]:
    return [patch(f"Organization/{id_}", SHUT) for id_ in there(count)]


def there(count: int) -> list[str]:
    """Ids of the organizations that are stored before."""
    return [f"o{number}" for number in range(count)]


KINDS = [
    creates, conditional_creates, conditional_references, conditional_updates, updates, deletes,
    conditional_deletes, reads, patches,
]  # fmt: skip


def statements(engine: Engine, entries: list[Any], count: int, *, whole: bool = True) -> list[str]:
    """What is sent for a Bundle of these entries, when so many organizations are stored."""
    empty(engine)
    taking = serving(engine)
    kept = [put(organization(str(each), id=id_)) for each, id_ in enumerate(there(count))]
    taking.transaction(bundle("transaction", *kept))
    with counted(engine) as sent:
        results = (taking.transaction if whole else taking.batch)(bundle("transaction", *entries))
    assert all(not isinstance(each, Exception) for each in results)
    return sent


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE resource_version, resource_head, resource_identifier, "
                                "search_value, vault_name"))  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_transaction_takes_as_many_statements_as_a_short_one(
    engine: Engine, kind: Any
) -> None:
    few, many = (statements(engine, kind(count), count) for count in (FEW, MANY))

    assert len(few) == len(many) < 20


def test_a_thousand_entries_take_as_many_statements_as_ten(engine: Engine) -> None:
    few, many = (statements(engine, creates(count), 1) for count in (10, 1000))

    assert len(few) == len(many) < 10


@pytest.mark.parametrize("kind", [updates, deletes, conditional_creates, reads])
def test_a_long_batch_takes_as_many_statements_as_a_short_one(engine: Engine, kind: Any) -> None:
    few, many = (statements(engine, kind(count), count, whole=False) for count in (FEW, MANY))

    assert len(few) == len(many)


def test_limits_take_no_statement_for_each_entry(engine: Engine) -> None:
    taking = serving(engine)

    def sent(count: int) -> int:
        entries = [put(observation("Patient/ann", id=f"s{count}-{n}")) for n in range(count)]
        with counted(engine) as found:
            taking.transaction(bundle("transaction", *entries), Sender(only("ann")))
        return len(found)

    assert sent(10) == sent(100)
