"""Reading a hook call: what the protocol demands, and what vendors add to it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_hooks.errors import InvalidCall
from cds_hooks.hooks import encounter_discharge, patient_view
from cds_hooks.hooks.definition import HookService
from cds_hooks.request import HookCall, read_call
from tests.support.data import shared_data
from tests.support.patients import discharge_call, view_call

AUTHORIZATION = {
    "access_token": "opaque",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/Patient.read",
    "subject": "cds-service",
}


def read(value: Any, service: HookService = encounter_discharge.SERVICE) -> HookCall:
    return read_call(value, service, require_https=True)


def wrong_places(value: Any, service: HookService = encounter_discharge.SERVICE) -> set[str | None]:
    with pytest.raises(InvalidCall) as refused:
        read(value, service)
    return {issue.expression for issue in refused.value.issues}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in discharge_call().items() if key != name}


def test_a_complete_call_is_read() -> None:
    call = read(discharge_call())

    assert (call.context.patientId, call.context.encounterId) == ("ann-4711", "stay-0815")
    assert call.context.userId == "Practitioner/dr-no"


@pytest.mark.parametrize("name", ["hook", "hookInstance", "context"])
def test_each_required_field_is_missed_by_name(name: str) -> None:
    assert wrong_places(without(name)) == {name}


@pytest.mark.parametrize(
    "wrong",
    [
        {"hook": 7},
        {"hookInstance": "not-a-uuid"},
        {"hookInstance": 7},
        {"context": []},
        {"prefetch": []},
        {"extension": []},
        {"fhirServer": "ftp://ehr.example"},
        {"fhirServer": "http://ehr.example/fhir"},
        {"fhirServer": "https://"},
    ],
    ids=str,
)
def test_a_field_of_the_wrong_kind_is_named(wrong: dict[str, Any]) -> None:
    assert wrong_places(discharge_call(**wrong)) == set(wrong)


def test_several_wrong_fields_are_named_at_once() -> None:
    wrong = wrong_places({"hook": 7, "context": "x"})

    assert wrong == {"hook", "hookInstance", "context"}


@pytest.mark.parametrize("body", [None, [], "text", 7], ids=str)
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert wrong_places(body) == {None}


def test_the_hook_of_another_service_is_refused() -> None:
    assert wrong_places(view_call()) == {"hook"}


def test_a_token_without_its_server_is_refused() -> None:
    assert wrong_places(discharge_call(fhirAuthorization=AUTHORIZATION)) == {"fhirServer"}


def test_a_token_of_another_type_is_refused() -> None:
    body = discharge_call(
        fhirServer="https://ehr.example/fhir",
        fhirAuthorization=AUTHORIZATION | {"token_type": "MAC"},
    )

    assert wrong_places(body) == {"fhirAuthorization.token_type"}


@pytest.mark.parametrize("name", sorted(AUTHORIZATION))
def test_each_part_of_an_authorization_is_required(name: str) -> None:
    given = {key: value for key, value in AUTHORIZATION.items() if key != name}
    body = discharge_call(fhirServer="https://ehr.example/fhir", fhirAuthorization=given)

    assert wrong_places(body) == {f"fhirAuthorization.{name}"}


@pytest.mark.parametrize("server", ["http://localhost:8080/fhir", "http://127.0.0.1/fhir"])
def test_a_server_on_this_machine_needs_no_https(server: str) -> None:
    assert read(discharge_call(fhirServer=server))


@pytest.mark.parametrize("patient_id", ["Patient/1", "a b", "", "x" * 65, "1?x=1", "ann\n"])
def test_a_patient_id_must_be_a_plain_id(patient_id: str) -> None:
    context = discharge_call()["context"] | {"patientId": patient_id}

    assert wrong_places(discharge_call(context=context)) == {"context.patientId"}


def test_discharge_needs_the_stay_that_ends() -> None:
    context = {"userId": "Practitioner/1", "patientId": "1"}

    assert wrong_places(discharge_call(context=context)) == {"context.encounterId"}


@pytest.mark.parametrize(
    ("service", "user", "allowed"),
    [
        (encounter_discharge.SERVICE, "Patient/1", False),
        (encounter_discharge.SERVICE, "PractitionerRole/1", True),
        (patient_view.SERVICE, "Patient/1", True),
        (patient_view.SERVICE, "Device/1", False),
        (patient_view.SERVICE, "1", False),
    ],
)
def test_each_hook_allows_its_own_kinds_of_user(
    service: HookService, user: str, allowed: bool
) -> None:
    context = {"userId": user, "patientId": "1", "encounterId": "2"}
    body = discharge_call(hook=service.hook, context=context)

    if allowed:
        assert read(body, service).context.userId == user
    else:
        assert wrong_places(body, service) == {"context.userId"}


def test_fields_of_vendors_are_tolerated() -> None:
    extension = {"com.epic.cdshooks.request.bpa-trigger-action": "27"}

    assert read(discharge_call(extension=extension, vendorField={"a": [1]}))


@settings(deadline=None)
@given(st.text(min_size=12), st.sampled_from(["hook", "hookInstance", "fhirServer"]))
def test_a_refusal_never_repeats_what_was_sent(value: str, name: str) -> None:
    with pytest.raises(InvalidCall) as refused:
        read(discharge_call(**{name: f"secret {value}"}))

    assert all("secret" not in issue.diagnostics for issue in refused.value.issues)


def test_the_calls_of_the_specification_are_read() -> None:
    folder = shared_data("cds_hooks")
    found = json.loads((folder / "validator_cases/cdshooks-request-pv-good.json").read_text())

    call = read_call(found, patient_view.SERVICE, require_https=False)

    assert call.context.patientId == "1288992"


def test_the_specification_example_without_a_patient_is_refused() -> None:
    folder = shared_data("cds_hooks") / "spec_examples"
    found = json.loads((folder / "docs__current__20.request.json").read_text())

    with pytest.raises(InvalidCall) as refused:
        read_call(found, patient_view.SERVICE, require_https=False)

    assert refused.value.expression == "context.patientId"
