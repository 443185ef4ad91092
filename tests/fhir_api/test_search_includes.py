"""What is wanted with the matches: include and reverse include, and how far they go."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant, Limit
from tests.support.instance import only, seen_by, served
from tests.support.searching import asked, ids, kept, link, organization, person, refused, weight


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        kept(client, organization("whole"))
        kept(
            client,
            organization("ward", partOf=to("Organization/whole")),
        )
        kept(client, person("ann", managingOrganization=to("Organization/ward")))
        kept(client, {"resourceType": "Encounter", "id": "stay", "status": "finished",
                      "class": {"code": "IMP"}, "subject": to("Patient/ann")})  # fmt: skip
        kept(client, *(weight(f"o-{i}", encounter=to("Encounter/stay")) for i in range(3)))
        yield client


def to(reference: str) -> dict[str, str]:
    return {"reference": reference}


def included(http: TestClient, query: str) -> list[str]:
    return sorted(ids(asked(http, query), "include"))


def test_what_matches_point_at_comes_once_is_marked_and_not_counted(http: TestClient) -> None:
    bundle = asked(http, "Observation?_include=Observation:subject&_total=accurate&_count=2")

    assert len(ids(bundle)) == 2
    assert ids(bundle, "include") == ["ann"]
    assert bundle["total"] == 3
    assert ids(asked(http, link(bundle, "next").partition("/fhir/")[2]), "include") == ["ann"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("Observation?_include=Observation:encounter", ["stay"]),
        ("Observation?_include=Observation:*", ["ann", "stay"]),
        ("Observation?_include=*", ["ann", "stay"]),
        ("Observation?_include=Observation:subject:Patient", ["ann"]),
        ("Observation?_include=Observation:subject:Device", []),
        ("Observation?_include=Patient:organization", []),
        ("Patient?_revinclude=Observation:subject", ["o-0", "o-1", "o-2"]),
        ("Patient?_revinclude=Observation:subject&_revinclude=Encounter:patient",
         ["o-0", "o-1", "o-2", "stay"]),
        ("Patient?_revinclude=Encounter:*", ["stay"]),
        ("Patient?_revinclude=Observation:subject:Group", []),
        ("Encounter?_include=Encounter:subject&_revinclude=Observation:encounter",
         ["ann", "o-0", "o-1", "o-2"]),
    ],
)  # fmt: skip
def test_inclusions_follow_the_references_they_name(
    http: TestClient, query: str, names: list[str]
) -> None:
    assert included(http, query) == names


def test_iterate_goes_on_from_what_was_included_three_steps_at_most(http: TestClient) -> None:
    query = "Observation?_include=Observation:subject&_include:iterate=Patient:organization"

    assert included(http, query) == ["ann", "ward"]
    assert included(http, f"{query}&_include:iterate=Organization:partof") == [
        "ann", "ward", "whole"
    ]  # fmt: skip
    assert included(http, f"{query}&_include=Organization:partof") == ["ann", "ward"]
    from_the_other_end = "Organization?_id=whole&_revinclude:iterate=Organization:partof"
    assert included(http, from_the_other_end) == ["ward"]


def test_references_that_go_round_in_a_circle_end(http: TestClient) -> None:
    kept(http, organization("whole", partOf=to("Organization/ward")))

    bundle = asked(http, "Organization?_id=ward&_include:iterate=Organization:partof")

    assert (ids(bundle), ids(bundle, "include")) == (["ward"], ["whole"])


def test_a_deleted_resource_is_not_included(http: TestClient) -> None:
    http.delete("/fhir/Encounter/stay")

    assert included(http, "Observation?_include=Observation:encounter") == []


def test_an_inclusion_of_what_is_not_served_is_refused(http: TestClient) -> None:
    assert "subject" in refused(http, "Observation?_include=Observation:nope")
    assert "no reference" in refused(http, "Observation?_include=Observation:status")
    assert ":iterate" in refused(http, "Observation?_include:deep=Observation:subject")
    assert "Type:parameter" in refused(http, "Observation?_include=Observation")
    lenient = asked(http, "Observation?_include=Observation:nope", prefer="handling=lenient")
    assert lenient["entry"][-1]["search"]["mode"] == "outcome"


def test_inclusions_leave_out_what_the_caller_may_not_search(
    engine: Engine, http: TestClient
) -> None:
    kept(http, person("ben"), weight("his", patient="ben", encounter=to("Encounter/stay")))
    two_types = Caller("app", tuple(Grant(kind, EVERYTHING) for kind in ("Encounter", "Patient")))
    query = "Encounter?_include=Encounter:subject&_revinclude=Observation:encounter"

    with seen_by(engine, two_types) as app:
        assert included(app, query) == ["ann"]
    with seen_by(engine, only("ann")) as app:
        assert included(app, query) == ["ann", "o-0", "o-1", "o-2"]
    with seen_by(engine, hers_alone("ben")) as app:
        assert included(app, query) == ["his"]


def hers_alone(patient: str) -> Caller:
    grants: tuple[Any, ...] = (
        Grant("Encounter", EVERYTHING),
        Grant(ANY, EVERYTHING, Limit(patient)),
    )
    return Caller("app", grants)
