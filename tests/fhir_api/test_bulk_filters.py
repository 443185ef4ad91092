"""_typeFilter and limits of scopes through the real search engine."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from fhir_api.access.caller import Caller, Grant, Interaction, Limit
from fhir_api.search.engine import SearchEngine
from privacy.policy import load_policy
from privacy.pseudonyms import pseudonym
from tests.support.bulk import BulkServer, refusal
from tests.support.fhir import NOW, ingestor, observation, patient

READ_AND_SEARCH: frozenset[Interaction] = frozenset({"read", "search"})
LABORATORY = [
    {
        "coding": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "laboratory",
            }
        ]
    }
]


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> BulkServer:
    made = ingestor(engine)
    search = SearchEngine(made.store, made.keys, load_policy(), lambda: NOW)
    server = BulkServer(engine, tmp_path / "bulk", permitted=search.permitted)
    server.put(patient(id="ann"), patient(id="bob", gender="female"))
    server.put(
        observation("Patient/ann", id="a1", category=LABORATORY),
        observation("Patient/ann", id="a2", status="amended"),
        observation("Patient/bob", id="b1", category=LABORATORY, status="amended"),
    )
    return server


def counts(server: BulkServer, query: str) -> dict[str, int]:
    return {each["type"]: each["count"] for each in server.export(query)["output"]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("Observation?status=final", {"Patient": 2, "Observation": 1}),
        ("Observation?status=final,amended", {"Patient": 2, "Observation": 3}),
        (
            "Observation?status=final,Observation?category=laboratory",
            {"Patient": 2, "Observation": 2},
        ),
        (
            "Observation?status=amended&category=laboratory,Patient?gender=male",
            {"Patient": 1, "Observation": 1},
        ),
        ("Observation?patient=Patient/ann", {"Patient": 2, "Observation": 2}),
        ("Observation?status=cancelled", {"Patient": 2}),
    ],
)
def test_filters_choose_resources_of_their_type(
    server: BulkServer, query: str, found: dict[str, int]
) -> None:
    answer = server.post("$export", {"name": "_typeFilter", "valueString": query})

    manifest = server.finished(answer.headers["content-location"])

    assert {each["type"]: each["count"] for each in manifest["output"]} == found


@pytest.mark.parametrize(
    "query", ["Observation?nothing=1", "Observation?status:below=x", "Observation?date=ge2020"]
)
def test_a_filter_that_cannot_be_answered_is_refused_at_once(
    server: BulkServer, query: str
) -> None:
    refusal(server.post("$export", {"name": "_typeFilter", "valueString": query}))


def test_a_scope_with_a_query_bounds_the_type(server: BulkServer) -> None:
    laboratory = Limit(query=(("category", "laboratory"),))
    grants = (
        Grant("Observation", READ_AND_SEARCH, laboratory),
        Grant("Patient", READ_AND_SEARCH),
    )
    server.caller = Caller("app", grants, identified=False)

    assert counts(server, "$export") == {"Patient": 2, "Observation": 2}


def test_a_scope_and_a_filter_must_both_hold(server: BulkServer) -> None:
    laboratory = Limit(query=(("category", "laboratory"),))
    server.caller = Caller("app", (Grant("Observation", READ_AND_SEARCH, laboratory),))

    query = "$export?_type=Observation&_typeFilter=Observation%3Fstatus%3Dfinal"

    assert counts(server, query) == {"Observation": 1}


def test_who_sees_no_identities_names_pseudonyms_and_cannot_try_real_ids(
    server: BulkServer,
) -> None:
    grants = (Grant("*", READ_AND_SEARCH),)
    server.caller = Caller("app", grants, identified=False)
    hidden = pseudonym(server.parts.keys, "Patient", "ann")
    query = "$export?_type=Observation&_typeFilter=Observation%3Fpatient%3DPatient/"

    assert counts(server, query + hidden) == {"Observation": 2}
    assert counts(server, query + "ann") == {}


def test_a_chain_ends_where_the_clients_scopes_end(server: BulkServer) -> None:
    query = "$export?_type=Observation&_typeFilter=Observation%3Fpatient.gender%3Dmale"
    assert counts(server, query) == {"Observation": 2}

    server.caller = Caller("app", (Grant("Observation", READ_AND_SEARCH),))
    assert server.http.get(f"/fhir/{query}").status_code == 403


def test_many_resources_are_checked_a_file_after_the_other(
    engine: Engine, tmp_path: Path, server: BulkServer
) -> None:
    small = BulkServer(
        engine, tmp_path / "small", permitted=server.parts.permitted, lines_of_a_file=3
    )
    small.put(*(observation("Patient/ann", id=f"n{number}") for number in range(10)))

    query = "$export?_type=Observation&_typeFilter=Observation%3Fstatus%3Dfinal"
    manifest = small.export(query)

    assert [each["count"] for each in manifest["output"]] == [3, 3, 3, 2]
    found = [each["id"] for each in small.output(manifest)["Observation"]]
    assert len(set(found)) == 11
