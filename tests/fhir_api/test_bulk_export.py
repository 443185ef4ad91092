"""What an export holds: everything as of one moment, de-identified, a type a file."""

import gzip
import json
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from privacy.pseudonyms import pseudonym
from tests.support.bulk import BASE, BulkServer
from tests.support.fhir import observation, organization, patient


@pytest.fixture
def server(engine: Engine, tmp_path: Path) -> BulkServer:
    return BulkServer(engine, tmp_path / "bulk")


def two_patients(server: BulkServer) -> None:
    """Ann with two observations, Bob with one, and an organization."""
    server.put(patient(id="ann"), patient(id="bob"), organization("1", id="org"))
    server.put(
        observation("Patient/ann", id="a1"),
        observation("Patient/ann", id="a2"),
        observation("Patient/bob", id="b1"),
    )


def hidden(server: BulkServer, name: str) -> str:
    """`Type/pseudonym` of `Type/real-id`."""
    kind, _, id_ = name.partition("/")
    return f"{kind}/{pseudonym(server.parts.keys, kind, id_)}"


def names(resources: dict[str, list[dict[str, str]]]) -> set[str]:
    return {f"{each['resourceType']}/{each['id']}" for file in resources.values() for each in file}


def test_a_kickoff_answers_where_the_status_is(server: BulkServer) -> None:
    answer = server.http.get("/fhir/$export", headers={"prefer": "respond-async"})

    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["content-location"].startswith(f"{BASE}/_bulk/")


def test_an_export_of_the_system_holds_everything_a_type_a_file(server: BulkServer) -> None:
    two_patients(server)

    manifest = server.export("$export")

    counts = {each["type"]: each["count"] for each in manifest["output"]}
    assert counts == {"Patient": 2, "Observation": 3, "Organization": 1}
    for kind, resources in server.output(manifest).items():
        assert {each["resourceType"] for each in resources} == {kind}


def test_the_manifest_has_what_the_standard_wants(server: BulkServer) -> None:
    two_patients(server)

    manifest = server.export("$export?_type=Patient&_outputFormat=ndjson")

    assert manifest["request"] == f"{BASE}/$export?_type=Patient&_outputFormat=ndjson"
    assert manifest["requiresAccessToken"] is False
    assert (manifest["deleted"], manifest["error"], manifest["extension"]) == ([], [], {})
    assert all(each["url"].startswith(BASE) for each in manifest["output"])
    assert datetime.fromisoformat(manifest["transactionTime"]).tzinfo is not None


def test_an_export_of_nothing_has_an_empty_output(server: BulkServer) -> None:
    assert server.export("$export")["output"] == []
    assert server.export("$export?_type=Condition")["output"] == []


def test_what_is_exported_is_what_is_stored_and_names_nobody(server: BulkServer) -> None:
    two_patients(server)

    manifest = server.export("$export")
    text_of_all = json.dumps(server.output(manifest))

    assert names(server.output(manifest)) >= {hidden(server, "Patient/ann")}
    for secret in ("Quillfeather", "MRN-8830417", "1961-05-04", '"ann"', "2020-02-29"):
        assert secret not in text_of_all


def test_each_resource_tells_its_version_and_when_it_was_stored(server: BulkServer) -> None:
    server.put(observation("Patient/ann", id="a1"))
    server.put(observation("Patient/ann", id="a1", status="amended"))

    manifest = server.export("$export?_type=Observation")

    [each] = server.output(manifest)["Observation"]
    assert (each["meta"]["versionId"], each["status"]) == ("2", "amended")
    assert each["meta"]["lastUpdated"] <= manifest["transactionTime"]


def test_meta_that_is_stored_is_kept_beside_version_and_time(server: BulkServer) -> None:
    profile = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
    server.put(observation("Patient/ann", id="a1", meta={"profile": [profile]}))

    [each] = server.output(server.export("$export?_type=Observation"))["Observation"]

    assert each["meta"]["profile"] == [profile]
    assert each["meta"]["versionId"] == "1"


def test_decimals_keep_their_digits(server: BulkServer) -> None:
    value = '{"value": 1.10, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}'
    body = json.dumps(observation("Patient/ann", id="a1"))
    line = f'{body[:-1]}, "valueQuantity": {value}}}'
    answer = server.http.put("/fhir/Observation/a1", content=line.encode(),
                             headers={"content-type": "application/fhir+json"})  # fmt: skip
    assert answer.status_code == 201
    manifest = server.export("$export?_type=Observation")

    raw = server.http.get(manifest["output"][0]["url"]).text

    assert '"value": 1.10' in raw


def test_text_that_looks_like_structure_stays_one_line(server: BulkServer) -> None:
    unit = 'a\\b"c\td\ne\x01f,\x02'
    value = {"value": 1, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
    server.put(observation("Patient/ann", id="a1", valueQuantity=value))
    with server.parts.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE resource_version SET body = jsonb_set(body, '{odd}', to_jsonb(:u ::text))"
            ),
            {"u": unit},
        )

    manifest = server.export("$export?_type=Observation")

    [each] = server.output(manifest)["Observation"]
    assert each["odd"] == unit


def test_an_export_of_all_patients_leaves_out_what_belongs_to_nobody(server: BulkServer) -> None:
    two_patients(server)

    manifest = server.export("Patient/$export")

    assert set(server.output(manifest)) == {"Patient", "Observation"}


def test_an_export_of_a_group_holds_its_active_members(server: BulkServer) -> None:
    two_patients(server)
    members = [
        {"entity": {"reference": "Patient/ann"}},
        {"entity": {"reference": "Patient/bob"}, "inactive": True},
    ]
    server.put({"resourceType": "Group", "id": "g", "type": "person", "actual": True,
                "member": members})  # fmt: skip

    manifest = server.export("Group/g/$export?_type=Patient,Observation")

    wanted = {"Patient/ann", "Observation/a1", "Observation/a2"}
    assert names(server.output(manifest)) == {hidden(server, each) for each in wanted}


def test_what_patients_records_name_comes_with_them(server: BulkServer) -> None:
    server.put(*({"resourceType": "Practitioner", "id": each} for each in ("dr1", "dr2", "dr3")))
    server.put(
        patient(id="ann", generalPractitioner=[{"reference": "Practitioner/dr1"}]),
        observation("Patient/bob", id="b1", performer=[{"reference": "Practitioner/dr2"}]),
    )
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True}
    server.put({**group, "member": [{"entity": {"reference": "Patient/ann"}}]})

    everyone = server.output(server.export("Patient/$export"))
    members = server.output(server.export("Group/g/$export"))

    one, two = hidden(server, "Practitioner/dr1"), hidden(server, "Practitioner/dr2")
    assert names({"": everyone["Practitioner"]}) == {one, two}
    assert names({"": members["Practitioner"]}) == {one}


def test_a_group_that_is_not_there_is_a_404(server: BulkServer) -> None:
    assert server.http.get("/fhir/Group/nobody/$export").status_code == 404


def test_patients_that_are_named_bound_the_export(server: BulkServer) -> None:
    two_patients(server)
    ann = {"name": "patient", "valueReference": {"reference": "Patient/ann"}}

    answer = server.post("Patient/$export", ann)
    manifest = server.finished(answer.headers["content-location"])

    wanted = {"Patient/ann", "Observation/a1", "Observation/a2"}
    assert names(server.output(manifest)) == {hidden(server, each) for each in wanted}


def test_types_may_be_a_list_or_be_repeated(server: BulkServer) -> None:
    two_patients(server)

    comma = server.export("$export?_type=Patient,Organization")
    repeated = server.export("$export?_type=Patient&_type=Organization")

    assert set(server.output(comma)) == set(server.output(repeated))
    assert set(server.output(comma)) == {"Patient", "Organization"}


def test_since_an_export_comes_what_changed_after_it(server: BulkServer) -> None:
    two_patients(server)
    first = server.export("$export")
    server.put(observation("Patient/ann", id="a1", status="amended"))

    second = server.export(f"$export?_since={first['transactionTime']}")
    third = server.export(f"$export?_since={second['transactionTime']}")

    assert names(server.output(second)) == {hidden(server, "Observation/a1")}
    assert third["output"] == []


def test_what_was_begun_before_an_export_and_ended_after_comes_with_the_next(
    server: BulkServer,
) -> None:
    two_patients(server)
    with server.parts.engine.begin() as slow:
        slow.execute(text("SELECT now(), pg_current_xact_id()"))  # its now() is before the export
        first = server.export("$export?_type=Observation")
        slow.execute(
            text("""INSERT INTO resource_version (site, resource_type, resource_id, version,
                    patient_bucket, deleted, digest, policy, body)
                 VALUES ('test', 'Observation', 'late', 1, 0, false, '', '', '{"id": "late"}')""")
        )
    again = server.export("$export?_type=Observation")
    second = server.export(f"$export?_type=Observation&_since={first['transactionTime']}")

    ids = [each["id"] for each in server.output(second)["Observation"]]
    assert ids == ["late"]
    assert len(server.output(again)["Observation"]) == 4


def test_what_is_stored_after_the_kickoff_is_not_exported(server: BulkServer) -> None:
    two_patients(server)
    status = server.begin("$export")
    server.put(observation("Patient/ann", id="a3"))
    server.put(observation("Patient/ann", id="a1", status="amended"))
    server.delete("Observation/b1")

    found = server.output(server.finished(status))["Observation"]

    assert {each["status"] for each in found} == {"final"}
    wanted = {"Observation/a1", "Observation/a2", "Observation/b1"}
    assert names({"": found}) == {hidden(server, each) for each in wanted}


def test_until_leaves_out_what_changed_later(server: BulkServer) -> None:
    two_patients(server)
    moment = server.export("$export")["transactionTime"]
    server.put(observation("Patient/ann", id="a3"))

    found = server.output(server.export(f"$export?_type=Observation&_until={moment}"))

    assert len(found["Observation"]) == 3


def test_what_was_deleted_since_is_told_as_transactions(server: BulkServer) -> None:
    two_patients(server)
    first = server.export("$export")
    server.delete("Observation/b1")

    manifest = server.export(f"$export?_since={first['transactionTime']}")

    [bundle] = server.output(manifest, "deleted")["Bundle"]
    request = {"method": "DELETE", "url": hidden(server, "Observation/b1")}
    assert (bundle["type"], bundle["entry"]) == ("transaction", [{"request": request}])
    assert manifest["output"] == []


def test_what_is_deleted_is_in_no_output(server: BulkServer) -> None:
    two_patients(server)
    server.delete("Observation/b1")

    manifest = server.export("$export?_type=Observation")

    assert manifest["deleted"] == []
    assert len(server.output(manifest)["Observation"]) == 2


def test_elements_keep_what_is_mandatory_and_tell_that_it_is_a_part(server: BulkServer) -> None:
    two_patients(server)

    manifest = server.export("$export?_type=Observation,Patient&_elements=Observation.effective,id")

    for each in server.output(manifest)["Observation"]:
        assert set(each) == {"resourceType", "id", "meta", "status", "code", "effectiveDateTime"}
        assert [tag["code"] for tag in each["meta"]["tag"]] == ["SUBSETTED"]
    for each in server.output(manifest)["Patient"]:
        assert set(each) == {"resourceType", "id", "meta"}


def test_a_type_has_as_many_files_as_it_needs(engine: Engine, tmp_path: Path) -> None:
    server = BulkServer(engine, tmp_path, lines_of_a_file=2)
    server.put(*(observation("Patient/ann", id=f"o{number}") for number in range(5)))

    manifest = server.export("$export?_type=Observation")

    assert [each["count"] for each in manifest["output"]] == [2, 2, 1]
    assert len(names(server.output(manifest))) == 5


def provenance(id_: str, target: str, recorded: str) -> dict[str, object]:
    return {
        "resourceType": "Provenance", "id": id_, "target": [{"reference": target}],
        "recorded": recorded, "agent": [{"who": {"reference": "Organization/org"}}],
    }  # fmt: skip


def test_provenance_comes_with_what_it_is_about(server: BulkServer) -> None:
    two_patients(server)
    server.put(
        provenance("p1", "Observation/a1", "2020-01-01T00:00:00Z"),
        provenance("p2", "Observation/a1", "2021-01-01T00:00:00Z"),
        provenance("p3", "Organization/org", "2021-01-01T00:00:00Z"),
    )

    def found(query: str) -> set[str]:
        return names({"": server.output(server.export(query)).get("Provenance", [])})

    relevant = "$export?_type=Observation&includeAssociatedData=RelevantProvenanceResources"
    both = {hidden(server, "Provenance/p1"), hidden(server, "Provenance/p2")}
    assert found("$export") == both | {hidden(server, "Provenance/p3")}
    assert found("Patient/$export") == both
    assert found("$export?_type=Observation") == set()
    assert found(relevant) == both
    assert found(relevant.replace("Relevant", "Latest")) == {hidden(server, "Provenance/p2")}


def test_files_are_ndjson_and_packed_for_those_who_take_it(server: BulkServer) -> None:
    two_patients(server)
    url = server.export("$export?_type=Observation")["output"][0]["url"]

    plain = server.http.get(url, headers={"accept-encoding": "identity"})
    with server.http.stream("GET", url, headers={"accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())

    assert plain.headers["content-type"] == "application/fhir+ndjson"
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert plain.text.count("\n") == 3
