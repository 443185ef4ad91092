"""Who sits at the browser: named by a trusted proxy, or signed in with a password."""

from typing import Any

import pytest
from sqlalchemy import Engine

from fhir_api.smart.parts import SignOn
from fhir_api.smart.users import hashed, is_password
from tests.support.fhir import patient
from tests.support.smart import CALLBACK, PASSWORD, Hospital, answered, fields, request


@pytest.fixture
def hospital(engine: Engine) -> Hospital:
    made = Hospital(engine)
    made.register()
    made.parts.users.put("jo", "Practitioner/7", PASSWORD, made.clock())
    return made


def sign_in(hospital: Hospital, login: str = "jo", password: str = PASSWORD, **more: str) -> Any:
    """Fill in the form of the sign-in page."""
    shown = hospital.http.get("/auth/authorize", params=request(**more))
    form = {**fields(shown.text), "login": login, "password": password}
    return hospital.http.post("/auth/login", data=form)


def test_a_user_signs_in_agrees_and_the_app_learns_who_it_is(hospital: Hospital) -> None:
    signed_in = sign_in(hospital, scope="openid fhirUser user/*.rs")
    assert signed_in.status_code == 303

    shown = hospital.http.get(signed_in.headers["location"])
    assert "signed in as Practitioner/7" in shown.text
    code = answered(hospital.agree(shown, user=None))["code"]

    assert hospital.redeem(code).json()["id_token"]


@pytest.mark.parametrize(
    ("login", "password"),
    [("jo", "wrong password"), ("nobody", PASSWORD), ("", ""), ("jo\0", PASSWORD),
     ("jo", PASSWORD + "x"), ("' or 1=1", "x"), ("jo", "p" * 5000)],
)  # fmt: skip
def test_a_wrong_name_and_a_wrong_password_look_alike(
    hospital: Hospital, login: str, password: str
) -> None:
    answer = sign_in(hospital, login, password)

    assert answer.status_code == 403
    assert "Name or password is wrong." in answer.text
    assert "set-cookie" not in answer.headers or "session" not in answer.headers["set-cookie"]


def test_a_user_without_a_password_cannot_sign_in_with_one(hospital: Hospital) -> None:
    hospital.parts.users.put("proxy-only", "Practitioner/8", None, hospital.clock())

    assert sign_in(hospital, "proxy-only", "").status_code == 403


def test_a_name_may_be_tried_ten_times_in_five_minutes(hospital: Hospital) -> None:
    tried = [sign_in(hospital, "jo", "wrong password").status_code for _ in range(11)]
    assert tried == [403] * 10 + [429]
    assert sign_in(hospital).status_code == 429

    hospital.clock.pass_by(minutes=5)
    assert sign_in(hospital).status_code == 303


def test_the_session_is_a_cookie_that_no_script_and_no_other_site_uses(hospital: Hospital) -> None:
    cookie = sign_in(hospital).headers["set-cookie"].lower()

    for wanted in ("httponly", "samesite=lax", "secure", "path=/auth", "max-age=1800"):
        assert wanted in cookie
    assert "jo" not in cookie.partition(";")[0].partition("=")[2]


def test_a_session_ends_after_half_an_hour(hospital: Hospital) -> None:
    sign_in(hospital)
    assert "Allow" in hospital.http.get("/auth/authorize", params=request()).text

    hospital.clock.pass_by(minutes=31)

    assert "Password" in hospital.http.get("/auth/authorize", params=request()).text


def test_a_user_who_was_removed_is_signed_out(hospital: Hospital) -> None:
    sign_in(hospital)
    hospital.parts.users.remove("jo")

    assert "Password" in hospital.http.get("/auth/authorize", params=request()).text


def test_a_user_may_sign_out_and_let_another_go_on(hospital: Hospital) -> None:
    shown = hospital.http.get(sign_in(hospital, state="kept").headers["location"])

    out = hospital.http.post("/auth/sign-out", data=fields(shown.text))

    assert "state=kept" in out.headers["location"]
    assert "Password" in hospital.http.get(out.headers["location"]).text


@pytest.mark.parametrize("path", ["login", "consent", "sign-out"])
def test_a_form_of_another_site_is_refused(hospital: Hospital, path: str) -> None:
    sign_in(hospital)
    shown = fields(hospital.http.get("/auth/authorize", params=request()).text)

    for forged in ({**shown, "form": ""}, {**shown, "form": "é"}, {}):
        answer = hospital.http.post(f"/auth/{path}", data={**forged, "decision": "allow"})
        assert answer.status_code == 403
        assert "location" not in answer.headers


def test_a_form_of_another_browser_is_refused(hospital: Hospital) -> None:
    theirs = fields(hospital.http.get("/auth/authorize", params=request()).text)
    hospital.http.cookies.clear()
    hospital.http.get("/auth/authorize", params=request())

    answer = hospital.http.post("/auth/login", data={**theirs, "login": "jo", "password": PASSWORD})

    assert answer.status_code == 403


def test_signing_in_leads_nowhere_but_to_the_authorization_endpoint(hospital: Hospital) -> None:
    shown = fields(hospital.http.get("/auth/authorize", params=request()).text)
    form = {**shown, "login": "jo", "password": PASSWORD}

    for asked in ("//evil.example", "https://evil.example", "\r\nlocation: https://evil.example"):
        answer = hospital.http.post("/auth/login", data={**form, "asked": asked})
        assert answer.headers["location"].startswith("/auth/authorize?")
        assert "\n" not in answer.headers["location"]


@pytest.mark.parametrize("cookie", ["", "00", "zz", "ab" * 60])
def test_a_forged_session_is_none(hospital: Hospital, cookie: str) -> None:
    hospital.http.cookies.set("homeward_session", cookie, path="/auth")

    assert "Password" in hospital.http.get("/auth/authorize", params=request()).text


def test_the_header_of_a_proxy_is_believed_where_the_site_says_so(hospital: Hospital) -> None:
    assert "signed in as Practitioner/7" in hospital.authorize("jo").text
    assert "signed in as Practitioner/9" in hospital.authorize("Practitioner/9").text
    assert "Password" in hospital.authorize("nobody").text


@pytest.mark.parametrize(
    "sign_on", [SignOn(), SignOn("x-remote-user"), SignOn("x-other", ("testclient",))]
)
def test_the_header_is_refused_everywhere_else(engine: Engine, sign_on: SignOn) -> None:
    hospital = Hospital(engine, sign_on=sign_on)
    hospital.register()

    assert "Password" in hospital.authorize("Practitioner/7").text


def test_the_header_may_not_come_twice(hospital: Hospital) -> None:
    headers = [("x-remote-user", "Practitioner/7"), ("x-remote-user", "Practitioner/9")]

    shown = hospital.http.get("/auth/authorize", params=request(), headers=headers)

    assert "Password" in shown.text


def test_pages_are_not_kept_framed_or_scripted(hospital: Hospital) -> None:
    headers = hospital.authorize().headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"


def test_every_field_of_a_page_has_a_label(hospital: Hospital) -> None:
    hospital.store(patient(id="ann"))

    for shown in (
        hospital.authorize(None).text,
        hospital.authorize(scope="patient/*.rs openid").text,
    ):
        assert '<html lang="en">' in shown
        for field in ids_of_fields(shown):
            assert f'<label for="{field}">' in shown


def ids_of_fields(page: str) -> list[str]:
    import re

    tags = re.findall(r"<input [^>]*>", page)
    return [re.findall(r' id="(\w+)"', tag)[0] for tag in tags if 'type="hidden"' not in tag]


def test_what_comes_from_outside_is_escaped_on_a_page(hospital: Hospital) -> None:
    hospital.register(name="<script>alert(1)</script>")

    shown = hospital.authorize(state='"><script>x</script>', nonce="'><b>").text

    assert "<script" not in shown
    assert "<b>" not in shown


def test_the_scopes_are_said_in_words(hospital: Hospital) -> None:
    scope = "patient/Observation.rs?category=laboratory user/*.rs offline_access"

    shown = hospital.authorize(scope=scope).text

    assert "Read and search Observation of this patient, only where category is laboratory" in shown
    assert "Read and search all records of every patient you may see" in shown
    assert "Keep this access for 90 days" in shown


def test_a_password_is_kept_as_scrypt_with_a_salt_of_its_own() -> None:
    one, other = hashed(PASSWORD), hashed(PASSWORD)

    assert one != other
    assert one.startswith("scrypt$32768$8$3$")
    assert PASSWORD not in one
    assert is_password(PASSWORD, one)
    assert not is_password(PASSWORD + " ", one)


def test_the_app_is_told_of_nothing_before_the_user_agrees(hospital: Hospital) -> None:
    for answer in (hospital.authorize(None), hospital.authorize(), sign_in(hospital)):
        assert CALLBACK not in answer.headers.get("location", "").partition("?")[0]
