"""Apps: opened by themselves or from the EHR, by code with PKCE.

https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
"""

import pytest
from sqlalchemy import Engine

from fhir_api.smart.context import Context
from tests.support.fhir import patient
from tests.support.smart import (
    CALLBACK,
    CHALLENGE,
    FHIR,
    SECRET,
    Hospital,
    answered,
    request,
)


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register()
    made.store(patient(id="ann"), patient(id="bob"))
    return made


def test_an_app_opened_by_itself_gets_a_token_for_the_patient_chosen(hospital: Hospital) -> None:
    shown = hospital.authorize(scope="launch/patient patient/*.rs")
    assert 'value="ann"' in shown.text
    agreed = hospital.agree(shown, patient="ann")

    body = hospital.redeem(answered(agreed)["code"]).json()

    assert body.pop("access_token")
    assert body == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "launch/patient patient/*.rs",
        "patient": "ann",
    }


def test_an_app_opened_from_the_ehr_gets_its_context(hospital: Hospital) -> None:
    launch = hospital.parts.launches.open(
        Context(
            patient="ann", encounter="e1", need_patient_banner=True, intent="reconcile",
            app_context="card 7", fhir_context=({"reference": "ImagingStudy/3"},),
        ),
        hospital.clock(),
    )  # fmt: skip

    body = hospital.redeem(hospital.code(scope="launch patient/*.rs", launch=launch)).json()

    assert {name: body[name] for name in ("patient", "encounter", "intent", "appContext")} == {
        "patient": "ann",
        "encounter": "e1",
        "intent": "reconcile",
        "appContext": "card 7",
    }
    assert body["need_patient_banner"] is True
    assert body["fhirContext"] == [{"reference": "ImagingStudy/3"}]


def test_an_app_without_identities_gets_pseudonyms_in_its_context(hospital: Hospital) -> None:
    hospital.register(identified=False)
    launch = hospital.parts.launches.open(Context(patient="ann", encounter="e1"), hospital.clock())

    body = hospital.redeem(hospital.code(scope="launch patient/*.rs", launch=launch)).json()

    assert body["patient"].startswith("p1")
    assert body["encounter"].startswith("p1")


def test_a_launch_is_good_for_one_app(hospital: Hospital) -> None:
    launch = hospital.parts.launches.open(Context(patient="ann"), hospital.clock())
    hospital.code(scope="launch patient/*.rs", launch=launch)

    again = hospital.authorize(scope="launch patient/*.rs", launch=launch)

    assert answered(again)["error"] == "invalid_request"


def test_a_launch_waits_ten_minutes(hospital: Hospital) -> None:
    launch = hospital.parts.launches.open(Context(patient="ann"), hospital.clock())
    hospital.clock.pass_by(minutes=11)

    late = hospital.authorize(scope="launch patient/*.rs", launch=launch)

    assert answered(late)["error"] == "invalid_request"


def test_a_launch_for_one_user_is_not_for_another(hospital: Hospital) -> None:
    context = Context(patient="ann", user="Practitioner/8")
    launch = hospital.parts.launches.open(context, hospital.clock())

    other = hospital.authorize("Practitioner/7", scope="launch patient/*.rs", launch=launch)

    assert answered(other)["error"] == "access_denied"


def test_the_state_comes_back_with_the_code(hospital: Hospital) -> None:
    agreed = hospital.agree(hospital.authorize(state="as sent, é & all"))

    assert answered(agreed)["state"] == "as sent, é & all"


def test_the_authorization_endpoint_takes_a_form_as_well(hospital: Hospital) -> None:
    shown = hospital.http.post(
        "/auth/authorize", data=request(), headers={"x-remote-user": "Practitioner/7"}
    )

    assert shown.status_code == 200
    assert answered(hospital.agree(shown))["code"]


@pytest.mark.parametrize(
    "redirect_uri",
    ["", f"{CALLBACK}/", f"{CALLBACK}?x=1", "https://app.example/Callback", "http://app.example/callback",
     "https://app.example:444/callback", "https://app.example.evil/callback", f"{CALLBACK}#x",
     "https://app.example/callback\n", 'https://app.example/"', "https://evil/ü", "//app.example"],
)  # fmt: skip
def test_an_app_is_called_back_where_it_registered_and_nowhere_else(
    hospital: Hospital, redirect_uri: str
) -> None:
    answer = hospital.authorize(redirect_uri=redirect_uri)

    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil" not in answer.text


@pytest.mark.parametrize("client_id", ["", "nobody", "app\0", "' or 1=1 --", "ü" * 200])
def test_a_stranger_is_not_sent_anywhere(hospital: Hospital, client_id: str) -> None:
    answer = hospital.authorize(client_id=client_id)

    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_native_app_may_listen_on_any_port_of_its_own_machine(hospital: Hospital) -> None:
    hospital.register(redirect_uris=["http://127.0.0.1/cb"])

    def status(redirect_uri: str) -> int:
        return int(hospital.authorize(redirect_uri=redirect_uri).status_code)

    assert status("http://127.0.0.1:51234/cb") == 200
    assert status("http://127.0.0.1:51234/other") == 400
    assert status("http://127.0.0.1.evil:51234/cb") == 400
    assert status("http://127.0.0.1:99999999/cb") == 400


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'code" é'}, "unsupported_response_type"),
        ({"aud": ""}, "invalid_request"),
        ({"aud": "https://other.example/fhir"}, "invalid_request"),
        ({"aud": FHIR + "//"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"scope": "system/*.rs"}, "invalid_scope"),
        ({"scope": "launch"}, "invalid_scope"),
        ({"scope": "launch patient/*.rs", "launch": "unknown"}, "invalid_request"),
    ],
)
def test_what_is_wrong_is_told_to_the_app_with_its_state(
    hospital: Hospital, changed: dict[str, str], error: str
) -> None:
    told = answered(hospital.authorize(**changed))

    assert told["error"] == error
    assert told["state"] == "st-1"
    assert told["error_description"].isascii()


def test_the_audience_may_end_with_a_slash(hospital: Hospital) -> None:
    assert hospital.authorize(aud=f"{FHIR}/").status_code == 200


def test_a_parameter_that_comes_twice_is_refused(hospital: Hospital) -> None:
    pairs = [*request().items(), ("state", "another")]

    answer = hospital.http.get("/auth/authorize", params=pairs)

    assert answered(answer)["error"] == "invalid_request"


def test_pkce_is_demanded_of_confidential_apps_too(hospital: Hospital) -> None:
    hospital.register(kind="confidential", secret=SECRET)

    assert answered(hospital.authorize(code_challenge=""))["error"] == "invalid_request"


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "another-verifier-of-more-than-43-characters-0123"},
        {"code_verifier": CHALLENGE},
        {"redirect_uri": f"{CALLBACK}/"},
        {"code": "guessed"},
        {"client_id": "other"},
    ],
)
def test_a_code_is_bound_to_its_verifier_address_and_client(
    hospital: Hospital, changed: dict[str, str]
) -> None:
    hospital.register(id="other")
    code = hospital.code()

    answer = hospital.redeem(**{"code": code, **changed})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_without_its_verifier_is_no_use(hospital: Hospital) -> None:
    answer = hospital.redeem(hospital.code(), code_verifier="")

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_code_is_good_for_a_minute(hospital: Hospital) -> None:
    code = hospital.code()
    hospital.clock.pass_by(seconds=60)

    assert hospital.redeem(code).json()["error"] == "invalid_grant"


def test_a_code_used_twice_ends_what_came_of_it(hospital: Hospital) -> None:
    code = hospital.code()
    token = hospital.redeem(code).json()["access_token"]
    assert hospital.get("Patient", token).status_code == 200

    assert hospital.redeem(code).json()["error"] == "invalid_grant"

    assert hospital.get("Patient", token).status_code == 401


def test_a_user_may_say_no(hospital: Hospital) -> None:
    refused = hospital.agree(hospital.authorize(), decision="deny")

    assert answered(refused)["error"] == "access_denied"


def test_a_user_may_grant_less(hospital: Hospital) -> None:
    shown = hospital.authorize(scope="user/*.rs offline_access")

    code = answered(hospital.agree(shown, scope=["user/*.rs"]))["code"]
    body = hospital.redeem(code).json()

    assert body["scope"] == "user/*.rs"
    assert "refresh_token" not in body


def test_a_user_cannot_grant_more_than_was_asked(hospital: Hospital) -> None:
    shown = hospital.authorize(scope="user/Patient.rs")

    code = answered(hospital.agree(shown, scope=["user/Patient.rs", "patient/*.cruds"]))["code"]

    assert hospital.redeem(code).json()["scope"] == "user/Patient.rs"


def test_a_patient_who_is_not_here_cannot_be_chosen(hospital: Hospital) -> None:
    shown = hospital.authorize(scope="patient/*.rs")

    for typed in ("", "nobody", "../ann", "ann bob"):
        again = hospital.agree(shown, typed=typed)
        assert again.status_code == 400
        assert "no patient with this id" in again.text


def test_patient_scopes_without_a_patient_cannot_be_had(hospital: Hospital) -> None:
    body = hospital.app_token("patient/*.rs", typed="bob").json()

    assert body["patient"] == "bob"


def test_a_patient_opens_their_own_record_alone(hospital: Hospital) -> None:
    shown = hospital.authorize("Patient/ann", scope="patient/*.rs")
    assert "For which patient?" not in shown.text

    body = hospital.redeem(answered(hospital.agree(shown, "Patient/ann", typed="bob"))["code"])

    assert body.json()["patient"] == "ann"


def test_a_relative_chooses_no_patient(hospital: Hospital) -> None:
    refused = hospital.authorize("RelatedPerson/1", scope="patient/*.rs")

    assert answered(refused)["error"] == "access_denied"
