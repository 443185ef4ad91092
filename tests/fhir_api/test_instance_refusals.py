"""E1 and E2: every refusal is an OperationOutcome that says how bad, what, why and where."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.access.caller import Caller
from fhir_api.errors import Unauthorized
from fhir_api.json_text import parse
from fhir_api.routes.beyond import answer_beyond_routes
from fhir_api.validation.validator import Validator
from tests.support.fhir import FHIR_JSON, observation, patient
from tests.support.instance import issue, keep, seen_by, served

XML = {"accept": "application/fhir+xml"}


@pytest.fixture
def http(engine: Engine) -> TestClient:
    made = served(engine)
    keep(made, patient(id="ann"), observation("Patient/ann", id="o1"))
    return made


REFUSED: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "unknown path": ("GET", "a/b/c/d", {}, 404),
    "unknown type": ("GET", "Nope/1", {}, 404),
    "unknown id": ("GET", "Patient/nobody", {}, 404),
    "unknown operation": ("GET", "Patient/ann/$merge", {}, 404),
    "wrong method": ("PUT", "_history", {}, 405),
    "a method of the web only": ("OPTIONS", "Patient/ann", {}, 405),
    "a method nobody knows": ("FROBNICATE", "Patient/ann", {}, 405),
    "a format we do not write": ("GET", "Patient/ann?_format=xml", {}, 406),
    "a header we cannot meet": ("GET", "Patient/ann", {"headers": XML}, 406),
    "a body we do not read": ("POST", "Patient", {"content": b"<Patient/>"}, 415),
    "bad JSON": ("POST", "Patient", {"content": b'{"a":', "headers": FHIR_JSON}, 400),
    "a list": ("POST", "Patient", {"content": b"[]", "headers": FHIR_JSON}, 400),
    "another type": ("POST", "Patient", {"json": {"resourceType": "Group"},
                                         "headers": FHIR_JSON}, 400),
    "a bad resource": ("POST", "Patient", {"json": {"resourceType": "Patient", "gender": 7},
                                           "headers": FHIR_JSON}, 422),
    "unknown parameter": ("GET", "Patient?frobnicate=1", {}, 400),
    "a token in the address": ("GET", "Patient/ann?access_token=s3cret", {}, 400),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_how_bad_what_why_and_where(http: TestClient, name: str) -> None:
    method, path, given, status = REFUSED[name]
    answer = http.request(method, f"/fhir/{path}", **given)

    assert answer.status_code == status, answer.text
    for found in answer.json()["issue"]:
        assert found["severity"] == "error"
        assert found["code"]
        assert found["diagnostics"]
        assert found["expression"][0]
    assert issue(answer)
    assert Validator().validate(parse(answer.content)) == []


def test_no_refusal_repeats_what_was_sent(http: TestClient) -> None:
    sent = patient(id="ann", gender="Quillfeather", birthDate="Quillfeather")
    paths = ("Patient?gender=Quillfeather|", "Quillfeather/1", "Patient/Quillfeather",
             "Patient?_count=Quillfeather", "Patient?birthdate=Quillfeather")  # fmt: skip

    answers = [http.get(f"/fhir/{path}") for path in paths]
    answers.append(http.put("/fhir/Patient/ann", json=sent, headers=FHIR_JSON))

    told = [outcome["diagnostics"] for each in answers for outcome in each.json().get("issue", [])]
    assert told
    assert not any("Quillfeather" in each for each in told)


def test_bad_json_is_told_with_its_position(http: TestClient) -> None:
    body = b'{"resourceType": "Patient",\n "gender": male}'

    answer = http.post("/fhir/Patient", content=body, headers=FHIR_JSON)

    assert answer.status_code == 400
    assert "line 2, column 12" in issue(answer)["diagnostics"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "_history", {"GET", "HEAD"}),
        ("DELETE", "metadata", {"GET", "HEAD"}),
        ("POST", "Patient/ann/_history", {"GET", "HEAD"}),
        ("POST", "Patient/ann", {"GET", "HEAD", "PUT", "DELETE"}),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(
    http: TestClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = http.request(method, f"/fhir/{path}")

    assert answer.status_code == 405
    assert allowed <= set(answer.headers["allow"].split(", "))
    assert method not in answer.headers["allow"].split(", ")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/fhir+json", 200),
        ("application/json", 200),
        ("*/*", 200),
        ("application/*;q=0.5", 200),
        ("application/fhir+xml, application/fhir+json;q=0.1", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/fhir+json; fhirVersion=3.0", 406),
        ("application/fhir+json;q=0", 406),
        ("application/fhir+xml", 406),
        ("text/turtle", 406),
        ("application/fhir+ndjson", 406),
        ("nonsense", 406),
    ],
)
def test_accept_is_met_or_refused(http: TestClient, accept: str, status: int) -> None:
    assert http.get("/fhir/Patient/ann", headers={"accept": accept}).status_code == status


@pytest.mark.parametrize(
    ("asked", "status"),
    [("json", 200), ("application/fhir%2Bjson", 200), ("application/fhir+json", 200),
     ("application/json", 200), ("xml", 406), ("ttl", 406), ("application/fhir%2Bxml", 406)],
)  # fmt: skip
def test_format_counts_more_than_accept(http: TestClient, asked: str, status: int) -> None:
    answer = http.get(f"/fhir/Patient/ann?_format={asked}&_pretty=true", headers=XML)

    assert answer.status_code == status


def test_who_is_not_known_is_told_how_to_show_it(engine: Engine) -> None:
    def nobody(_request: Any) -> Caller:
        raise Unauthorized

    http = served(engine, authenticate=nobody)
    for method, path in (("GET", "Patient/ann"), ("GET", "_history"), ("GET", "Patient/a/_history"),
                         ("POST", "Patient"), ("POST", ""), ("GET", "AuditEvent"),
                         ("DELETE", "Patient/ann"), ("GET", "Patient")):  # fmt: skip
        answer = http.request(method, f"/fhir/{path}".rstrip("/"), headers=FHIR_JSON, content=b"{}")
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert issue(answer)["code"] == "login"


def test_who_may_not_is_a_403(engine: Engine) -> None:
    answer = seen_by(engine, Caller("app", ())).get("/fhir/Patient/ann")

    assert answer.status_code == 403
    assert issue(answer)["code"] == "forbidden"


def test_other_paths_of_the_application_keep_their_own_errors() -> None:
    app = FastAPI()
    answer_beyond_routes(app)
    app.add_api_route("/hooks", lambda number: {"number": number}, methods=["GET"])
    http = TestClient(app)

    assert http.get("/elsewhere").json() == {"detail": "Not Found"}
    assert "detail" in http.get("/hooks").json()
    assert issue(http.get("/fhir/elsewhere"))["code"] == "not-found"


def test_what_fastapi_refuses_is_an_outcome_too() -> None:
    app = FastAPI()
    answer_beyond_routes(app)

    def counted(count: int) -> int:
        return count

    app.add_api_route("/fhir/counted", counted, methods=["GET"])
    answer = TestClient(app).get("/fhir/counted?count=Quillfeather")

    assert answer.status_code == 400
    assert issue(answer)["expression"] == ["http.count"]
    assert "Quillfeather" not in answer.text
