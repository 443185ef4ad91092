"""Refresh, revocation and introspection of tokens.

https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.support.fhir import patient
from tests.support.smart import FHIR, PASSWORD, SECRET, Hospital, fields, request

OFFLINE = "patient/*.rs launch/patient openid fhirUser offline_access"


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register()
    made.store(patient(id="ann"))
    return made


def refresh(hospital: Hospital, token: str, **more: str) -> Any:
    return hospital.token(
        grant_type="refresh_token", refresh_token=token, **{"client_id": "app", **more}
    )


def test_a_refresh_token_is_exchanged_for_new_tokens_and_the_same_context(
    hospital: Hospital,
) -> None:
    first = hospital.app_token(OFFLINE, typed="ann").json()

    second = refresh(hospital, first["refresh_token"]).json()

    assert second["scope"] == first["scope"]
    assert second["patient"] == "ann"
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]


@pytest.mark.parametrize("scope", ["patient/*.rs", "openid fhirUser patient/*.rs"])
def test_who_asks_for_no_lasting_access_gets_no_refresh_token(
    hospital: Hospital, scope: str
) -> None:
    assert "refresh_token" not in hospital.app_token(scope, typed="ann").json()


def test_a_refresh_may_ask_for_less_and_never_for_more(hospital: Hospital) -> None:
    first = hospital.app_token("user/Patient.rs user/Observation.rs offline_access").json()

    less = refresh(hospital, first["refresh_token"], scope="user/Patient.rs").json()
    assert less["scope"] == "user/Patient.rs"
    more = refresh(hospital, less["refresh_token"], scope="user/Patient.rs user/Encounter.rs")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")
    whole = refresh(hospital, less["refresh_token"]).json()
    assert whole["scope"] == first["scope"]


def test_a_refresh_may_ask_for_a_part_of_what_was_granted(hospital: Hospital) -> None:
    first = hospital.app_token("patient/*.rs offline_access", typed="ann").json()

    part = refresh(hospital, first["refresh_token"], scope="patient/Patient.r").json()
    assert part["scope"] == "patient/Patient.r"
    more = refresh(hospital, part["refresh_token"], scope="patient/Patient.ru")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


def test_a_refresh_token_used_twice_ends_the_whole_family(hospital: Hospital) -> None:
    first = hospital.app_token(OFFLINE, typed="ann").json()
    second = refresh(hospital, first["refresh_token"]).json()
    assert hospital.get("Patient/ann", second["access_token"]).status_code == 200

    assert refresh(hospital, first["refresh_token"]).json()["error"] == "invalid_grant"

    assert hospital.get("Patient/ann", second["access_token"]).status_code == 401
    assert refresh(hospital, second["refresh_token"]).json()["error"] == "invalid_grant"


def test_of_refreshes_at_once_one_counts_at_most(hospital: Hospital) -> None:
    token = hospital.app_token(OFFLINE, typed="ann").json()["refresh_token"]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: refresh(hospital, token).status_code, range(8)))

    assert answers.count(200) <= 1
    assert set(answers) <= {200, 400}


def test_a_refresh_token_is_bound_to_its_client(hospital: Hospital) -> None:
    hospital.register(id="other")
    token = hospital.app_token(OFFLINE, typed="ann").json()["refresh_token"]

    assert refresh(hospital, token, client_id="other").json()["error"] == "invalid_grant"
    assert refresh(hospital, token).status_code == 200


def test_offline_access_lasts_for_ninety_days_from_its_last_use(hospital: Hospital) -> None:
    token = hospital.app_token(OFFLINE, typed="ann").json()["refresh_token"]

    hospital.clock.pass_by(days=89)
    token = refresh(hospital, token).json()["refresh_token"]
    hospital.clock.pass_by(days=91)

    assert refresh(hospital, token).json()["error"] == "invalid_grant"


def test_online_access_ends_with_the_day_however_often_it_is_renewed(hospital: Hospital) -> None:
    token = hospital.app_token("user/*.rs online_access").json()["refresh_token"]

    for _ in range(7):
        hospital.clock.pass_by(hours=1)
        token = refresh(hospital, token).json()["refresh_token"]
    hospital.clock.pass_by(hours=1)

    assert refresh(hospital, token).json()["error"] == "invalid_grant"


def test_an_access_token_is_no_refresh_token_and_the_reverse(hospital: Hospital) -> None:
    body = hospital.app_token(OFFLINE, typed="ann").json()

    assert refresh(hospital, body["access_token"]).json()["error"] == "invalid_grant"
    assert hospital.get("Patient/ann", body["refresh_token"]).status_code == 401


def test_a_user_who_left_cannot_renew(engine: Engine) -> None:
    hospital = Hospital(engine)
    hospital.register()
    hospital.parts.users.put("jo", "Practitioner/7", None, hospital.clock())
    token = hospital.app_token("user/*.rs offline_access", user="jo").json()["refresh_token"]

    hospital.parts.users.remove("jo")

    assert refresh(hospital, token).json()["error"] == "invalid_grant"


def test_a_client_whose_scopes_were_cut_gets_less(hospital: Hospital) -> None:
    token = hospital.app_token("user/*.rs offline_access").json()["refresh_token"]

    hospital.register(scopes="user/Patient.rs offline_access")

    scope = refresh(hospital, token).json()["scope"]
    assert scope == "user/Patient.rs offline_access"


def revoke(hospital: Hospital, token: str, **more: str) -> Any:
    return hospital.http.post("/auth/revoke", data={"token": token, "client_id": "app", **more})


def test_a_revoked_access_token_opens_nothing_from_that_moment(hospital: Hospital) -> None:
    body = hospital.app_token(OFFLINE, typed="ann").json()
    assert hospital.get("Patient/ann", body["access_token"]).status_code == 200

    assert revoke(hospital, body["access_token"]).status_code == 200

    assert hospital.get("Patient/ann", body["access_token"]).status_code == 401
    assert refresh(hospital, body["refresh_token"]).status_code == 200


def test_another_process_learns_of_it_within_two_seconds(engine: Engine) -> None:
    one, other = Hospital(engine), Hospital(engine)
    one.register()
    body = one.app_token("user/*.rs").json()
    assert other.get("Patient", body["access_token"]).status_code == 200

    revoke(one, body["access_token"])
    other.clock.pass_by(seconds=2)

    assert other.get("Patient", body["access_token"]).status_code == 401


def test_a_revoked_refresh_token_takes_its_access_tokens_along(hospital: Hospital) -> None:
    body = hospital.app_token(OFFLINE, typed="ann").json()

    revoke(hospital, body["refresh_token"], token_type_hint="access_token")

    assert hospital.get("Patient/ann", body["access_token"]).status_code == 401
    assert refresh(hospital, body["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_token_of_another_client_cannot_be_revoked(hospital: Hospital) -> None:
    hospital.register(id="other")
    body = hospital.app_token("user/*.rs").json()

    assert revoke(hospital, body["access_token"], client_id="other").status_code == 400
    assert hospital.get("Patient", body["access_token"]).status_code == 200


def test_what_is_no_token_is_revoked_already(hospital: Hospital) -> None:
    assert revoke(hospital, "never heard of").status_code == 200
    assert revoke(hospital, "").status_code == 400


def introspect(hospital: Hospital, token: str, client: str = "monitor") -> Any:
    return hospital.http.post("/auth/introspect", data={"token": token}, auth=(client, SECRET))


@pytest.fixture
def watched(hospital: Hospital) -> Hospital:
    hospital.register(id="monitor", kind="confidential", secret=SECRET, introspects=True)
    return hospital


def test_introspection_tells_what_a_token_is_about(watched: Hospital) -> None:
    body = watched.app_token(OFFLINE, typed="ann").json()

    said = introspect(watched, body["access_token"]).json()

    moment = int(watched.clock().timestamp())
    assert len(said.pop("sub")) == 64
    assert said == {
        "active": True,
        "scope": OFFLINE,
        "client_id": "app",
        "exp": moment + 3600,
        "iat": moment,
        "token_type": "Bearer",
        "patient": "ann",
        "iss": FHIR,
        "fhirUser": f"{FHIR}/Practitioner/7",
    }


def test_introspection_says_nothing_of_a_token_that_is_not_good(watched: Hospital) -> None:
    revoked = watched.app_token("user/*.rs").json()["access_token"]
    revoke(watched, revoked)
    expired = watched.app_token("user/*.rs").json()["access_token"]
    watched.clock.pass_by(hours=2)

    for token in (revoked, expired, "never heard of", "x" * 2000):
        assert introspect(watched, token).json() == {"active": False}


def test_introspection_asks_who_asks(watched: Hospital) -> None:
    token = watched.app_token("user/*.rs").json()["access_token"]

    nobody = watched.http.post("/auth/introspect", data={"token": token})
    public = watched.http.post("/auth/introspect", data={"token": token, "client_id": "app"})

    assert [nobody.status_code, public.status_code] == [401, 401]


def test_a_client_may_ask_about_its_own_tokens_alone(watched: Hospital) -> None:
    watched.register(id="other", kind="confidential", secret=SECRET)
    token = watched.app_token("user/*.rs").json()["access_token"]

    assert introspect(watched, token, "other").json() == {"active": False}


def test_nothing_secret_reaches_a_log(hospital: Hospital, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        code = hospital.code(scope=OFFLINE, typed="ann")
        body = hospital.redeem(code).json()
        refreshed = refresh(hospital, body["refresh_token"]).json()
        refresh(hospital, body["refresh_token"])
        hospital.get("Patient/ann", refreshed["access_token"])

    for secret in (code, *(body[kind] for kind in ("access_token", "refresh_token", "id_token"))):
        assert secret not in caplog.text
    assert refreshed["access_token"] not in caplog.text


def test_a_password_never_leaves_the_sign_in_form(
    hospital: Hospital, caplog: pytest.LogCaptureFixture
) -> None:
    hospital.parts.users.put("jo", "Practitioner/7", PASSWORD, hospital.clock())
    form = fields(hospital.http.get("/auth/authorize", params=request()).text)

    with caplog.at_level("DEBUG"):
        answer = hospital.http.post(
            "/auth/login", data={**form, "login": "jo", "password": PASSWORD}
        )

    assert answer.status_code == 303
    assert PASSWORD not in caplog.text + answer.headers["location"]
