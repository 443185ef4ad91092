"""Which exports are begun, for whom, and which are refused with a word (BDT: kick-off request)."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.access.caller import EVERYTHING, Caller, Grant, Limit
from fhir_api.bulk.worker import run_pending
from tests.support.bulk import BulkServer, refusal
from tests.support.fhir import JOHN, observation, organization, patient

READ_AND_SEARCH = frozenset({"read", "search"})
WRONG = {
    "_outputFormat=application/fhir+xml": "_outputFormat",
    "_outputFormat=text/csv": "_outputFormat",
    "_outputFormat=": "_outputFormat",
    "_since=": "_since",
    "_since=yesterday": "_since",
    "_since=2020-01-01": "_since",
    "_since=2020-13-45T00:00:00Z": "_since",
    "_since=2020-01-01T00:00:00": "_since",
    "_since=2999-01-01T00:00:00Z": "_since",
    "_since=2020-01-01T00:00:00Z&_since=2021-01-01T00:00:00Z": "_since",
    "_until=soon": "_until",
    "_elements=Patient.name.family": "_elements",
    "_elements=nothing": "_elements",
    "_elements=Patient.nothing": "_elements",
    "_elements=Nothing.id": "_elements",
    "patient=Patient/ann": "patient",
    "_typeFilter=Observation": "_typeFilter",
    "_typeFilter=Nothing?a=b": "_typeFilter",
    "_typeFilter=Observation?_include=Observation:subject": "_typeFilter",
    "_typeFilter=Observation?_sort=date": "_typeFilter",
    "_typeFilter=Observation?status=final&_type=Patient": "_typeFilter",
}
LENIENCE = {
    "_type=Nothing,Patient": "_type",
    "_type=Nothing": "_type",
    "_type=": "_type",
    "includeAssociatedData=_custom": "includeAssociatedData",
    "organizeOutputBy=Patient": "organizeOutputBy",
    "allowPartialManifests=true": "allowPartialManifests",
    "_unknown=1": "_unknown",
}


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> BulkServer:
    made = BulkServer(engine, tmp_path / "bulk")
    made.put(patient(id="ann"), patient(id="bob"), organization("1", id="org"))
    made.put(observation("Patient/ann", id="a1"), observation("Patient/bob", id="b1"))
    return made


def caller(*grants: Grant, client: str = "app") -> Caller:
    return Caller(client, grants, identified=False)


def reads(resource_type: str, *limits: Limit) -> list[Grant]:
    return [Grant(resource_type, READ_AND_SEARCH, each) for each in limits or (Limit(),)]


def types(manifest: dict[str, Any]) -> set[str]:
    return {each["type"] for each in manifest["output"]}


@pytest.mark.parametrize(
    "name", ["application/fhir%2Bndjson", "application/fhir+ndjson", "application/ndjson", "ndjson"]
)
def test_every_name_of_ndjson_is_taken(server: BulkServer, name: str) -> None:
    assert server.http.get(f"/fhir/$export?_outputFormat={name}").status_code == 202


@pytest.mark.parametrize("query", WRONG)
def test_a_parameter_that_is_wrong_is_refused_and_named(server: BulkServer, query: str) -> None:
    for headers in ({}, {"prefer": "handling=lenient"}):
        answer = server.http.get(f"/fhir/$export?{query}", headers=headers)
        assert WRONG[query] in refusal(answer)


@pytest.mark.parametrize("query", LENIENCE)
def test_what_is_not_offered_is_refused_unless_the_client_is_lenient(
    server: BulkServer, query: str
) -> None:
    assert LENIENCE[query] in refusal(server.http.get(f"/fhir/$export?{query}"))

    manifest = server.export(f"$export?{query}", prefer="respond-async, handling=lenient")

    [told] = server.output(manifest, "error")["OperationOutcome"]
    assert LENIENCE[query] in told["issue"][0]["diagnostics"]


def test_a_lenient_client_never_gets_more_than_it_asked_for(server: BulkServer) -> None:
    lenient = {"prefer": "handling=lenient"}

    assert types(server.export("$export?_type=Nothing,Patient", **lenient)) == {"Patient"}
    assert types(server.export("$export?_type=Nothing", **lenient)) == set()


def test_the_system_takes_no_patients(server: BulkServer) -> None:
    ann = {"name": "patient", "valueReference": {"reference": "Patient/ann"}}

    assert "patient" in refusal(server.post("$export", ann))


def test_patients_that_are_not_here_are_refused(server: BulkServer) -> None:
    for reference in ("Patient/nobody", "Practitioner/ann", "Group/x"):
        nobody = {"name": "patient", "valueReference": {"reference": reference}}
        assert "patient" in refusal(server.post("Patient/$export", nobody))


def test_patients_outside_the_group_are_refused(server: BulkServer) -> None:
    member = [{"entity": {"reference": "Patient/ann"}}]
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True}
    server.put({**group, "member": member})
    bob = {"name": "patient", "valueReference": {"reference": "Patient/bob"}}

    assert "member" in refusal(server.post("Group/g/$export", bob))


def test_parameters_come_in_a_body_too(server: BulkServer) -> None:
    given = [
        {"name": "_type", "valueString": "Patient"},
        {"name": "_type", "valueCode": "Observation"},
        {"name": "_since", "valueInstant": "2020-01-01T00:00:00Z"},
        {"name": "_outputFormat", "valueString": "ndjson"},
    ]

    answer = server.post("$export", *given)

    assert types(server.finished(answer.headers["content-location"])) == {"Patient", "Observation"}


@pytest.mark.parametrize(
    "parameter", [{}, {"name": 7}, {"name": "_type"}, {"name": "_type", "valueRange": {}}]
)
def test_a_body_that_cannot_be_read_is_refused(
    server: BulkServer, parameter: dict[str, Any]
) -> None:
    assert "Parameters.parameter[0]" in refusal(server.post("$export", parameter))


def test_a_body_of_another_type_is_refused(server: BulkServer) -> None:
    headers = {"content-type": "application/fhir+json"}
    answer = server.http.post(
        "/fhir/$export", content=b'{"resourceType":"Bundle"}', headers=headers
    )

    assert "Parameters" in refusal(answer)


def test_a_scope_decides_the_types(server: BulkServer) -> None:
    server.caller = caller(*reads("Patient"), *reads("Observation"))

    assert types(server.export("$export")) == {"Patient", "Observation"}
    assert server.http.get("/fhir/$export?_type=Organization").status_code == 403
    assert server.http.get("/fhir/$export?_type=Patient,Organization").status_code == 403


def test_without_a_scope_nothing_is_exported(server: BulkServer) -> None:
    server.caller = caller(Grant("Patient", frozenset({"read"})), *reads("Claim")[:0])

    assert server.http.get("/fhir/$export").status_code == 403
    server.caller = caller()
    assert server.http.get("/fhir/Patient/$export").status_code == 403


def test_a_group_is_exported_by_those_who_may_read_it(server: BulkServer) -> None:
    server.put({"resourceType": "Group", "id": "g", "type": "person", "actual": True})
    server.caller = caller(*reads("Patient"))

    assert server.http.get("/fhir/Group/g/$export").status_code == 403
    mine = Limit(query=(("managing-entity", "Organization/org"),))
    server.caller = caller(*reads("Group", mine), *reads("Patient"))
    assert server.http.get("/fhir/Group/g/$export").status_code == 404


def test_limits_of_a_scope_bound_the_export(server: BulkServer) -> None:
    laboratory = Limit(query=(("category", "laboratory"),))
    server.caller = caller(*reads("Observation", laboratory), *reads("Patient"))
    with server.parts.engine.connect() as connection:
        ids = connection.execute(
            text("SELECT resource_id FROM resource_head WHERE resource_type = 'Observation'")
        ).scalars().all()  # fmt: skip
    server.chosen.inside = {"Observation": {ids[0]}}

    manifest = server.export("$export")

    [found] = server.output(manifest)["Observation"]
    assert found["id"] == ids[0]
    assert {kind for kind, _ in server.chosen.asked} == {"Observation"}
    assert server.chosen.asked[-1] == ("Observation", (laboratory,))


def test_filters_are_any_of_one_type_and_leave_others_alone(server: BulkServer) -> None:
    query = "_typeFilter=Observation%3Fstatus%3Dfinal,amended,Observation%3Fcode%3D8310-5"

    manifest = server.export(f"$export?{query}")

    assert types(manifest) == {"Patient", "Organization"}
    either = (Limit(query=(("status", "final,amended"),)), Limit(query=(("code", "8310-5"),)))
    assert server.chosen.asked[-1] == ("Observation", either)


def test_a_client_has_few_exports_under_way(server: BulkServer) -> None:
    statuses = [server.begin("$export") for _ in range(3)]

    answer = server.http.get("/fhir/$export")
    assert "under way" in refusal(answer, 429)
    assert int(answer.headers["retry-after"]) > 0
    server.caller = Caller("another", (Grant("*", EVERYTHING),))
    assert server.http.get("/fhir/$export").status_code == 202
    server.caller = Caller("anonymous", (Grant("*", EVERYTHING),))
    server.http.delete(statuses[0])
    assert server.http.get("/fhir/$export").status_code == 202


def test_no_real_id_of_a_request_is_stored(server: BulkServer) -> None:
    named = {"name": "patient", "valueReference": {"reference": "Patient/ann"}}
    server.post("Patient/$export", named)
    run_pending(server.parts)

    with server.parts.engine.connect() as connection:
        rows = connection.execute(text("SELECT j::text FROM bulk_job j")).scalars().all()
    assert "ann" not in rows[0]
    assert JOHN not in rows[0]
