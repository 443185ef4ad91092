"""Patient/$everything and searches inside a compartment."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import Caller, Grant
from fhir_api.search.r4.registry import compartments
from tests.support.instance import only, seen_by, served
from tests.support.searching import (
    applied,
    asked,
    found,
    ids,
    kept,
    organization,
    pages,
    person,
    refused,
    weight,
)

ALL = "Patient/ann/$everything"


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        kept(client, organization("clinic"), {"resourceType": "Practitioner", "id": "doc"})
        kept(client, person("ann", managingOrganization={"reference": "Organization/clinic"}))
        kept(client, weight("march", performer=[{"reference": "Practitioner/doc"}],
                            effectiveDateTime="2020-03-10"))  # fmt: skip
        kept(client, weight("june", effectiveDateTime="2020-06-10"))
        kept(client, person("ben"), weight("his", patient="ben"))
        yield client


def test_everything_is_the_patients_records_and_what_they_point_at(http: TestClient) -> None:
    bundle = asked(http, ALL)

    assert set(ids(bundle)) == {"ann", "march", "june"}
    assert set(ids(bundle, "include")) == {"clinic", "doc"}
    assert bundle["link"][0]["url"].endswith(ALL)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("_type=Observation", {"march", "june"}),
        ("_type=Patient,Encounter", {"ann"}),
        ("_since=2000-01-01T00:00:00Z", {"ann", "march", "june"}),
        ("_since=2999-01-01T00:00:00Z", set()),
        ("start=2020-05", {"ann", "june"}),
        ("end=2020-03-31", {"ann", "march"}),
        ("start=2020-03-10&end=2020-03-10", {"ann", "march"}),
        ("start=2021&_type=Observation", set()),
    ],
)
def test_it_is_narrowed_by_type_time_of_storing_and_date(
    http: TestClient, query: str, matches: set[str]
) -> None:
    assert found(http, f"{ALL}?{query}") == matches


def test_it_comes_in_pages(http: TestClient) -> None:
    seen = [id_ for page in pages(http, f"{ALL}?_count=2") for id_ in ids(page)]

    assert sorted(seen) == ["ann", "june", "march"]
    assert applied(asked(http, f"{ALL}?_count=2")) == [("_count", "2")]


def test_the_cursor_of_one_patient_is_none_of_another(http: TestClient) -> None:
    following = asked(http, f"{ALL}?_count=1")["link"][1]["url"].partition("?")[2]

    assert "begin again" in refused(http, f"Patient/ben/$everything?{following}")


def test_everything_of_all_patients_is_what_the_caller_may_see(
    engine: Engine, http: TestClient
) -> None:
    assert found(http, "Patient/$everything") == {"ann", "march", "june", "ben", "his"}
    with seen_by(engine, only("ben")) as app:
        assert found(app, "Patient/$everything") == {"ben", "his"}


def test_what_cannot_be_asked_is_told(http: TestClient) -> None:
    assert "needs the patient" in refused(http, "Patient/$everything?start=2020")
    assert "_since" in refused(http, f"{ALL}?code=1")
    assert "date" in refused(http, f"{ALL}?start=soon")
    assert refused(http, f"{ALL}?_since=soon")
    assert refused(http, "Patient/nobody/$everything", 404)


@pytest.mark.usefixtures("http")
def test_a_patient_outside_the_callers_limits_is_not_there(engine: Engine) -> None:
    with seen_by(engine, only("ben")) as app:
        refused(app, ALL, 404)
    few = Caller("app", tuple(Grant(each, frozenset({"read", "search"})) for each in ("Patient",)))
    with seen_by(engine, few) as app:
        assert found(app, ALL) == {"ann"}
        assert ids(asked(app, ALL), "include") == []


def test_a_compartment_is_searched_like_a_type(http: TestClient) -> None:
    assert found(http, "Patient/ann/Observation") == {"march", "june"}
    assert found(http, "Patient/ann/Observation?performer=Practitioner/doc") == {"march"}
    assert found(http, "Practitioner/doc/Observation") == {"march"}
    assert found(http, "Patient/nobody/Observation") == set()
    assert applied(asked(http, "Patient/ann/Observation?_count=5")) == [("_count", "5")]
    assert asked(http, "Patient/ann/Observation")["link"][0]["url"].endswith("/ann/Observation")


def test_a_type_outside_a_compartment_is_refused(http: TestClient) -> None:
    assert "not in the compartment" in refused(http, "Patient/ann/Organization")
    refused(http, "Organization/clinic/Patient", 404)
    refused(http, "Patient/ann/Nope", 404)


def test_every_type_of_a_compartment_can_be_searched_in_it(http: TestClient) -> None:
    statement = http.get("/fhir/metadata").json()["rest"][0]["resource"]
    kinds = {each["type"] for each in statement}
    for kind in compartments()["Patient"].keys() & kinds - {"AuditEvent"}:
        asked(http, f"Patient/ann/{kind}")
