"""What conditional writes ask: many searches in one statement, and who is inside limits."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from fhir_api.access.caller import Limit
from fhir_api.errors import DateNeedsPatient, FhirError, InvalidRequest
from fhir_api.search.engine import SearchEngine
from fhir_api.store.unit import UnitOfWork
from privacy.keys import derive_keys
from privacy.policy import load_policy
from privacy.pseudonyms import pseudonym
from privacy.records import CleanResource
from tests.support.fhir import NOW, ROOT, SITE, ingestor
from tests.support.instance import served
from tests.support.searching import coded, kept, numbered, person, weight

KEYS = derive_keys(ROOT, SITE)


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


@pytest.fixture
def search(engine: Engine) -> SearchEngine:
    return SearchEngine(ingestor(engine).store, KEYS, load_policy(), lambda: NOW)


def named(kind: str, *ids: str) -> list[str]:
    return sorted(pseudonym(KEYS, kind, each) for each in ids)


def test_many_searches_are_answered_by_one_statement(
    engine: Engine, http: TestClient, search: SearchEngine
) -> None:
    kept(http, numbered("ann", "17"), numbered("ben", "18"), coded("t", "8310-5"), weight("w"))
    asked = [
        ("Patient", "identifier=http://hospital.example/mrn|17"),
        ("Patient", "gender=female"),
        ("Observation", "code=8310-5&patient=ann"),
        ("Observation", "code=0"),
        *([("Patient", "identifier=http://hospital.example/mrn|18")] * 50),
    ]
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    with engine.connect() as connection:
        found = search.matching_ids(connection, asked)

    assert len(statements) == 1
    assert [sorted(each) for each in found[:4]] == [
        named("Patient", "ann"), named("Patient", "ann", "ben"), named("Observation", "t"), []
    ]  # fmt: skip
    assert found[4:] == [named("Patient", "ben")] * 50


def test_no_more_are_told_than_were_asked_for(
    engine: Engine, http: TestClient, search: SearchEngine
) -> None:
    kept(http, *(person(f"p-{i}") for i in range(5)))

    with engine.connect() as connection:
        assert [len(each) for each in search.matching_ids(connection, [("Patient", "")], 2)] == [2]
        assert search.matching_ids(connection, []) == []


def test_what_the_transaction_wrote_is_found_and_gone_when_it_is_undone(
    engine: Engine, search: SearchEngine
) -> None:
    body = {"resourceType": "Patient", "id": "p1x", "gender": "male"}
    clean = CleanResource("Patient", "p1x", "p1x", body, ())

    with engine.connect() as connection:
        UnitOfWork(connection, SITE, "policy").write([clean])
        assert search.matching_ids(connection, [("Patient", "gender=male")]) == [["p1x"]]
        connection.rollback()
        assert search.matching_ids(connection, [("Patient", "gender=male")]) == [[]]


def test_a_query_that_cannot_be_answered_is_told_before_it_is_asked(search: SearchEngine) -> None:
    search.check_query("Patient", "identifier=a|b&gender=male")
    wrong: dict[str, type[FhirError]] = {
        "nope=1": InvalidRequest,
        "birthdate=1961": DateNeedsPatient,
    }
    for query, error in wrong.items():
        with pytest.raises(error):
            search.check_query("Patient", query)


@pytest.mark.parametrize(
    ("limits", "inside"),
    [
        ((), {"hers", "temperature", "his"}),
        ((Limit("ann"),), {"hers", "temperature"}),
        ((Limit("ann"), Limit("ben")), {"hers", "temperature", "his"}),
        ((Limit(None, (("code", "8310-5"),)),), {"temperature"}),
        ((Limit("ben", (("code", "8310-5"),)),), set()),
        ((Limit("ben"), Limit("ann", (("code", "8310-5"),))), {"his", "temperature"}),
    ],
)
def test_what_is_permitted_is_inside_any_one_limit(
    engine: Engine,
    http: TestClient,
    search: SearchEngine,
    limits: tuple[Limit, ...],
    inside: set[str],
) -> None:
    kept(http, weight("hers"), coded("temperature", "8310-5"), weight("his", patient="ben"))
    every = named("Observation", "hers", "temperature", "his", "never-stored")

    with engine.connect() as connection:
        found = search.permitted(connection, "Observation", every, limits)

    assert found == {*named("Observation", *inside)}
