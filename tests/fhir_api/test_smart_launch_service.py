"""`_services/smart/Launch`: an EHR, or the CDS Hooks Sandbox, gets a launch id for an app."""

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.support.fhir import patient
from tests.support.smart import Hospital

PATH = "/fhir/_services/smart/Launch"
SANDBOX = {
    "launch_url": "https://app.example/launch",
    "parameters": {"patient": "ann", "appContext": '{"card": 7}'},
}


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register()
    made.store(patient(id="ann"))
    made.register_system(id="etl", scopes="launch system/Patient.rs")
    return made


def launch(hospital: Hospital, body: Any, token: str | None = None) -> Any:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return hospital.http.post(PATH, json=body, headers=headers)


def test_a_link_on_a_card_opens_the_app_for_the_patient_of_the_card(hospital: Hospital) -> None:
    token = hospital.system_token("launch").json()["access_token"]

    answer = launch(hospital, SANDBOX, token)

    assert set(answer.json()) == {"launch_id"}
    code = hospital.code(scope="launch patient/*.rs", launch=answer.json()["launch_id"])
    body = hospital.redeem(code).json()
    assert (body["patient"], body["appContext"]) == ("ann", '{"card": 7}')
    assert hospital.get("Patient/ann", body["access_token"]).status_code == 200


def test_who_has_no_right_to_launch_gets_no_launch(hospital: Hospital) -> None:
    token = hospital.system_token("system/Patient.rs").json()["access_token"]

    assert launch(hospital, SANDBOX, token).status_code == 403
    assert launch(hospital, SANDBOX).status_code == 401
    assert launch(hospital, SANDBOX, "forged").status_code == 401


def test_an_app_launches_others_for_its_own_patient_alone(hospital: Hospital) -> None:
    own = launch(hospital, SANDBOX, hospital.system_token("launch").json()["access_token"])
    code = hospital.code(scope="launch patient/*.rs", launch=own.json()["launch_id"])
    token = hospital.redeem(code).json()["access_token"]

    assert launch(hospital, SANDBOX, token).status_code == 200
    for other in ({"patient": "bob"}, {}):
        assert launch(hospital, {"parameters": other}, token).status_code == 403


def test_for_development_anyone_may_launch_where_the_site_says_so(engine: Engine) -> None:
    hospital = Hospital(engine, open_launch=True)

    assert launch(hospital, SANDBOX).status_code == 200


def test_in_mode_open_anyone_may_launch(engine: Engine) -> None:
    assert launch(Hospital(engine, mode="open"), SANDBOX).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"parameters": []},
        {"parameters": {"patient": "Patient/ann"}},
        {"parameters": {"patient": 7}},
        {"parameters": {"patient": ""}},
        {"parameters": {"encounter": "e1"}},
        {"parameters": {"user": "Dr Jo"}},
        {"parameters": {"need_patient_banner": "maybe"}},
        {"parameters": {"need_patient_banner": []}},
        {"parameters": {"fhirContext": {}}},
        {"parameters": {"fhirContext": [{"reference": "https://evil.example/Patient/1"}]}},
        {"parameters": {"fhirContext": ["Patient/1"]}},
        {"parameters": {"appContext": 7}},
        {"parameters": {"appContext": "x" * 9000}},
    ],
    ids=range(14),
)
def test_a_context_that_makes_no_sense_is_refused(engine: Engine, body: Any) -> None:
    answer = launch(Hospital(engine, open_launch=True), body)

    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_context_may_say_all_there_is(engine: Engine) -> None:
    parameters = {
        "patient": "ann", "encounter": "e1", "need_patient_banner": "true", "intent": "review",
        "appContext": "x", "user": "Practitioner/7",
        "fhirContext": [{"reference": "ImagingStudy/3"}, {"canonical": "https://q.example/1"},
                        {"identifier": {"value": "9"}, "extension": [{"valueDecimal": 0.010}]}],
    }  # fmt: skip

    assert launch(Hospital(engine, open_launch=True), {"parameters": parameters}).status_code == 200
