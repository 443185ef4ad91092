"""No way round: what an app may not see does not come with what it may see.

Two patients, each with an observation; the app may see one of them, and of that one what the test
says. https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from typing import Any

import pytest
from sqlalchemy import Engine

from fhir_api.smart.server import SmartServer
from tests.support.fhir import FHIR_JSON, bundle, observation, organization, patient, post, put
from tests.support.smart import Hospital

LABORATORY = "patient/Observation.rs?category=laboratory"
LAB = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
                    "code": "laboratory"}]}]  # fmt: skip


@pytest.fixture(params=[True, False], ids=["identified", "pseudonyms"])
def hospital(engine: Engine, request: pytest.FixtureRequest) -> Hospital:
    made = Hospital(engine)
    made.register(identified=request.param)
    made.store(
        organization("1", id="org"),
        patient(id="ann", managingOrganization={"reference": "Organization/org"}),
        patient(id="bob", managingOrganization={"reference": "Organization/org"}),
        observation("Patient/ann", id="o-ann", category=LAB),
        observation("Patient/ann", id="v-ann"),
        observation("Patient/bob", id="o-bob", hasMember=[{"reference": "Observation/o-ann"}]),
    )
    return made


def shown(hospital: Hospital, scope: str, path: str) -> list[str]:
    """`Type/id` of everything an app that was opened for ann is shown, sorted."""
    answer = hospital.get(path, hospital.issue(scope, patient="ann"))
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        return []
    entries = answer.json().get("entry", [])
    found = [each["resource"] for each in entries if "resource" in each]
    return sorted(f"{each['resourceType']}/{each['id']}" for each in found
                  if each["resourceType"] != "OperationOutcome")  # fmt: skip


def named(hospital: Hospital, *references: str) -> list[str]:
    """References as the app sees them."""
    client = hospital.parts.clients.find("app")
    assert client is not None
    show = SmartServer(hospital.parts).show(identified=client.identified)
    return sorted(show(each) for each in references)


@pytest.mark.parametrize(
    ("scope", "path", "expected"),
    [
        ("patient/*.rs", "Observation", ["Observation/o-ann", "Observation/v-ann"]),
        ("patient/Observation.rs", "Observation?_include=Observation:subject",
         ["Observation/o-ann", "Observation/v-ann"]),
        ("patient/*.rs", "Observation?_include=Observation:subject",
         ["Observation/o-ann", "Observation/v-ann", "Patient/ann"]),
        ("patient/Patient.rs", "Patient?_revinclude=Observation:subject", ["Patient/ann"]),
        ("patient/*.rs", "Patient?_revinclude=Observation:subject",
         ["Observation/o-ann", "Observation/v-ann", "Patient/ann"]),
        ("patient/*.rs", "Observation?_revinclude=Observation:has-member",
         ["Observation/o-ann", "Observation/v-ann"]),
        ("patient/*.rs", "Patient?_include=Patient:organization",
         ["Organization/org", "Patient/ann"]),
        ("patient/Patient.rs", "Patient?_include=Patient:organization", ["Patient/ann"]),
        ("patient/*.rs", "Organization?_revinclude=Patient:organization",
         ["Organization/org", "Patient/ann"]),
        (LABORATORY, "Observation", ["Observation/o-ann"]),
        (LABORATORY, "Observation?status=final", ["Observation/o-ann"]),
        ("patient/Observation.rs?category=imaging", "Observation", []),
        (LABORATORY, "Observation/_history", ["Observation/o-ann"]),
        ("patient/Patient.rs", "Observation", []),
        ("user/Patient.rs", "Observation", []),
        ("patient/*.rs", "Patient/_history", ["Patient/ann"]),
        ("patient/*.rs", "Observation/_history", ["Observation/o-ann", "Observation/v-ann"]),
        ("patient/Observation.s", "Patient?_has:Observation:subject:status=final", []),
    ],
)  # fmt: skip
def test_an_app_is_shown_what_its_scopes_open(
    hospital: Hospital, scope: str, path: str, expected: list[str]
) -> None:
    assert shown(hospital, scope, path) == named(hospital, *expected)


def test_a_constraint_holds_for_reads_as_well(hospital: Hospital) -> None:
    token = hospital.issue(LABORATORY, patient="ann")
    ids = {each: named(hospital, f"Observation/{each}")[0] for each in ("o-ann", "v-ann", "o-bob")}

    statuses = {each: hospital.get(path, token).status_code for each, path in ids.items()}

    assert statuses == {"o-ann": 200, "v-ann": 404, "o-bob": 404}


def test_an_unknown_and_a_forbidden_patient_look_alike(hospital: Hospital) -> None:
    token = hospital.issue("patient/*.rs", patient="ann")
    (bob,) = named(hospital, "Patient/bob")
    (nobody,) = named(hospital, "Patient/nobody")

    forbidden, unknown = hospital.get(bob, token), hospital.get(nobody, token)

    assert forbidden.status_code == unknown.status_code == 404
    assert forbidden.content == unknown.content


def test_everything_of_a_patient_is_within_the_scopes(hospital: Hospital) -> None:
    (ann,) = named(hospital, "Patient/ann")
    (bob,) = named(hospital, "Patient/bob")

    whole = shown(hospital, "patient/*.rs", f"{ann}/$everything")
    part = shown(hospital, "patient/Patient.rs", f"{ann}/$everything")
    other = shown(hospital, "patient/*.rs", f"{bob}/$everything")

    mine = named(hospital, "Observation/o-ann", "Observation/v-ann", "Patient/ann")
    assert set(mine) <= set(whole)
    assert not set(named(hospital, "Observation/o-bob", "Patient/bob")) & set(whole)
    assert part == named(hospital, "Patient/ann")
    assert other == []


def test_a_page_further_on_is_as_narrow_as_the_first(hospital: Hospital) -> None:
    wide = hospital.issue("user/*.rs", patient="ann")
    narrow = hospital.issue("patient/*.rs", patient="ann")
    first = hospital.get("Observation?_count=1", wide).json()
    link = next(each["url"] for each in first["link"] if each["relation"] == "next")

    seen = hospital.http.get(link, headers={"authorization": f"Bearer {narrow}"})

    assert seen.status_code < 500
    (bob,) = named(hospital, "Observation/o-bob")
    assert bob.partition("/")[2] not in seen.text


def test_a_chain_says_nothing_of_what_may_not_be_seen(hospital: Hospital) -> None:
    path = "Observation?subject:Patient.gender=male"

    assert shown(hospital, "patient/Observation.rs", path) == []
    assert shown(hospital, "patient/*.rs", path) == named(
        hospital, "Observation/o-ann", "Observation/v-ann"
    )


def entry(method: str, url: str) -> dict[str, Any]:
    return {"request": {"method": method, "url": url}}


def send(hospital: Hospital, scope: str, kind: str, *entries: dict[str, Any]) -> Any:
    token = hospital.issue(scope, patient="ann")
    return hospital.http.post(
        "/fhir", json=bundle(kind, *entries),
        headers={**FHIR_JSON, "authorization": f"Bearer {token}"},
    )  # fmt: skip


def test_each_entry_of_a_batch_is_held_to_the_scopes(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.register()
    hospital.store(patient(id="ann"), patient(id="bob"))

    answer = send(
        hospital, "patient/Patient.r patient/Observation.c", "batch",
        entry("GET", "Patient/ann"), entry("GET", "Patient/bob"), entry("GET", "Patient?_id=ann"),
        post(observation("Patient/ann")), post(observation("Patient/bob")),
        entry("DELETE", "Patient/ann"),
    ).json()  # fmt: skip

    statuses = [each["response"]["status"][:3] for each in answer["entry"]]
    assert statuses == ["200", "404", "403", "201", "403", "403"]


def test_one_entry_outside_the_scopes_refuses_a_transaction_whole(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.register()
    hospital.store(patient(id="ann"), patient(id="bob"))

    answer = send(
        hospital, "patient/*.cruds", "transaction",
        put(observation("Patient/ann", id="good")), put(observation("Patient/bob", id="bad")),
    )  # fmt: skip

    assert answer.status_code == 403
    assert shown(hospital, "patient/*.rs", "Observation") == []


def test_a_record_cannot_be_moved_out_of_or_into_the_compartment(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.register()
    hospital.store(patient(id="ann"), patient(id="bob"))
    hospital.store(observation("Patient/ann", id="a"), observation("Patient/bob", id="b"))
    moved = [put(observation("Patient/bob", id="a")), put(observation("Patient/ann", id="b"))]

    answer = send(hospital, "patient/*.cruds", "batch", *moved).json()

    assert {each["response"]["status"][:3] for each in answer["entry"]} <= {"403", "404"}
