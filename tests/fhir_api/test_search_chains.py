"""Chains and reverse chains: what a resource points at, and what points at it."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import EVERYTHING, Caller, Grant, Limit
from tests.support.instance import seen_by, served
from tests.support.searching import (
    coded,
    found,
    kept,
    numbered,
    organization,
    person,
    refused,
    weight,
)

CLINIC = organization("clinic", active=True)
SHUT = organization("shut", active=False)


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        kept(client, CLINIC, SHUT)
        kept(client, numbered("ann", "17") | served_by("clinic"))
        kept(client, person("ben", gender="male") | served_by("shut"))
        kept(client, coded("hers", "8310-5", patient="ann"), weight("his", patient="ben"))
        yield client


def served_by(organization: str) -> dict[str, Any]:
    return {"managingOrganization": {"reference": f"Organization/{organization}"}}


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("patient.gender=female", {"hers"}),
        ("subject:Patient.gender=male", {"his"}),
        ("patient.identifier=http://hospital.example/mrn|17", {"hers"}),
        ("patient.organization=Organization/shut", {"his"}),
        ("patient.organization.active=true", {"hers"}),
        ("subject:Patient.organization:Organization.active=false", {"his"}),
        ("patient.gender=female&patient.organization.active=false", set()),
        ("patient.gender:not=female", {"his"}),
        ("patient._id=ann", {"hers"}),
        ("patient._has:Observation:patient:code=8310-5", {"hers"}),
        ("patient._lastUpdated=lt2000", set()),
    ],
)
def test_a_chain_asks_of_what_is_pointed_at(
    http: TestClient, query: str, matches: set[str]
) -> None:
    assert found(http, f"Observation?{query}") == matches


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("Patient?_has:Observation:patient:code=8310-5", {"ann"}),
        ("Patient?_has:Observation:subject:code=29463-7", {"ben"}),
        ("Patient?_has:Observation:patient:code=8310-5,29463-7", {"ann", "ben"}),
        ("Patient?_has:Observation:patient:code=0", set()),
        ("Organization?_has:Patient:organization:gender=male", {"shut"}),
        ("Organization?_has:Patient:organization:_has:Observation:patient:code=8310-5", {"clinic"}),
        ("Patient?_has:Observation:patient:value-quantity=gt60", {"ann", "ben"}),
    ],
)
def test_a_reverse_chain_asks_of_what_points_here(
    http: TestClient, query: str, matches: set[str]
) -> None:
    assert found(http, query) == matches


def test_what_is_deleted_is_neither_found_nor_gone_through(http: TestClient) -> None:
    http.delete("/fhir/Patient/ann")

    assert found(http, "Patient?gender=female") == set()
    assert found(http, "Observation?patient.gender=female") == set()
    assert found(http, "Observation?patient=ann") == {"hers"}


def test_a_chain_that_leads_nowhere_names_what_there_is(http: TestClient) -> None:
    assert "gender" in refused(http, "Observation?patient.nope=1")
    assert "no reference" in refused(http, "Observation?status.gender=male")
    assert "name one after a colon" in refused(http, "Observation?focus.status=final")
    assert "4 steps" in refused(http, "Observation?patient.link.link.link.link.gender=male")


def test_a_chain_goes_only_where_its_caller_may_search(engine: Engine, http: TestClient) -> None:
    assert found(http, "Observation?patient.gender=female,male") == {"hers", "his"}
    blind = Caller("app", (Grant("Observation", EVERYTHING),))
    narrow = Caller(
        "app",
        (Grant("Observation", EVERYTHING), Grant("Patient", EVERYTHING, Limit("ann"))),
    )

    with seen_by(engine, blind) as app:
        refused(app, "Observation?patient.gender=female", 403)
        refused(app, "Observation?_has:Provenance:target:agent=1", 403)
    with seen_by(engine, narrow) as app:
        assert found(app, "Observation?patient.gender=female,male") == {"hers"}
        assert found(app, "Observation") == {"hers", "his"}
