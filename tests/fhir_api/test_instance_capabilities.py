"""C1: the CapabilityStatement tells what is registered, and all that it tells is answered."""

from importlib.metadata import version
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.json_text import parse
from fhir_api.routes.read import register as register_read
from fhir_api.validation.validator import Validator
from privacy.policy import load_policy
from tests.support.fhir import FHIR_JSON, patient
from tests.support.instance import keep, parts, served

FHIR = "/fhir"
VALUES = {
    "number": "1", "date": "ge2020-01-01", "token": "a", "reference": "Patient/a", "string": "a",
    "quantity": "5", "uri": "http://a.example", "composite": "a$b", "special": "a",
}  # fmt: skip
PATHS = {
    "read": ("GET", "{type}/a"),
    "vread": ("GET", "{type}/a/_history/1"),
    "update": ("PUT", "{type}/a"),
    "patch": ("PATCH", "{type}/a"),
    "delete": ("DELETE", "{type}/a"),
    "history-instance": ("GET", "{type}/a/_history"),
    "history-type": ("GET", "{type}/_history"),
    "create": ("POST", "{type}"),
    "search-type": ("GET", "{type}"),
    "transaction": ("POST", ""),
    "batch": ("POST", ""),
    "history-system": ("GET", "_history"),
    "search-system": ("GET", ""),
}
Statement = dict[str, Any]


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return served(engine)


@pytest.fixture
def statement(http: TestClient) -> Statement:
    found: Statement = parse(http.get("/fhir/metadata").content)
    return found


def of_types(statement: Statement) -> dict[str, Statement]:
    return {each["type"]: each for each in statement["rest"][0]["resource"]}


def test_the_statement_is_r4(statement: Statement) -> None:
    assert Validator().validate(statement) == []
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["software"] == {"name": "Homeward", "version": version("homeward")}
    assert statement["implementation"]["url"] == "http://testserver/fhir"


def test_only_types_that_the_policy_keeps_are_told(statement: Statement) -> None:
    assert set(of_types(statement)) - {"Subscription"} <= load_policy().resources
    assert "NamingSystem" not in of_types(statement)


def test_what_one_type_can_do(statement: Statement) -> None:
    told = of_types(statement)["Observation"]
    codes = {each["code"] for each in told["interaction"]}

    assert codes >= {"read", "vread", "update", "delete", "create", "search-type",
                     "history-instance", "history-type"}  # fmt: skip
    assert told["readHistory"]
    assert told["updateCreate"]
    assert told["conditionalCreate"]
    assert told["conditionalRead"] == "full-support"
    assert "Observation:subject" in told["searchInclude"]
    assert "Patient" not in told["searchRevInclude"][0].partition(":")[0]
    assert {"name": "code", "type": "token"} in told["searchParam"]


def test_the_trail_is_told_as_read_only(statement: Statement) -> None:
    told = of_types(statement)["AuditEvent"]

    assert {each["code"] for each in told["interaction"]} == {"read", "search-type"}
    assert not told["conditionalCreate"]


def test_what_the_whole_server_does(statement: Statement) -> None:
    codes = {each["code"] for each in statement["rest"][0]["interaction"]}

    assert codes >= {"transaction", "batch", "history-system"}


def test_a_route_that_is_not_registered_is_not_told(engine: Engine) -> None:
    from fastapi import APIRouter

    from fhir_api.routes import capabilities

    router, api = APIRouter(), parts(engine)
    register_read(router, api)
    capabilities.register(router, api)
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(router, prefix=FHIR)
    told = parse(TestClient(app).get("/fhir/metadata").content)

    codes = [each["code"] for each in of_types(told)["Patient"]["interaction"]]
    assert codes == ["read", "vread"]
    assert told["rest"][0].get("interaction", []) == []
    assert "patchFormat" not in told


def test_every_interaction_that_is_told_is_answered(http: TestClient, statement: Statement) -> None:
    told = [("", statement["rest"][0]), *of_types(statement).items()]
    for kind, each in told:
        for code in (interaction["code"] for interaction in each["interaction"]):
            method, path = PATHS[code]
            url = f"{FHIR}/{path.format(type=kind)}".rstrip("/")
            answer = http.request(method, url, headers=FHIR_JSON, content=b"{}")
            issues = answer.json().get("issue", []) if answer.content else []
            unserved = {"not-supported"} & {found["code"] for found in issues}
            assert answer.status_code not in {405, 500, 501}, (method, url, answer.text)
            assert not (answer.status_code == 404 and unserved), (method, url, answer.text)


def test_every_search_parameter_that_is_told_is_answered(
    http: TestClient, statement: Statement
) -> None:
    refused = {}
    for kind, each in of_types(statement).items():
        for parameter in each.get("searchParam", []):
            name, value = parameter["name"], VALUES[parameter["type"]]
            answer = http.get(f"{FHIR}/{kind}", params={name: value, "_count": "1"})
            issues = answer.json().get("issue", [])
            if answer.status_code != 200 and issues[0]["code"] == "not-supported":
                refused[f"{kind}?{name}"] = issues[0]["diagnostics"]
            assert answer.status_code in {200, 400}, (kind, name, answer.text)

    assert refused == {}


def test_every_include_that_is_told_is_answered(http: TestClient, statement: Statement) -> None:
    for kind in ("Patient", "Observation", "Encounter", "MedicationRequest"):
        told = of_types(statement)[kind]
        asked = [("_include", each) for each in told.get("searchInclude", [])]
        asked += [("_revinclude", each) for each in told.get("searchRevInclude", [])[:40]]
        for parameter, value in asked:
            answer = http.get(f"{FHIR}/{kind}", params={parameter: value, "_count": "1"})
            assert answer.status_code == 200, (kind, parameter, value, answer.text)


def test_a_statement_that_the_caller_has_is_not_sent_again(http: TestClient) -> None:
    tag = http.get("/fhir/metadata").headers["etag"]
    again = http.get("/fhir/metadata", headers={"if-none-match": tag})

    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/fhir/metadata", headers={"if-none-match": 'W/"x"'}).status_code == 200


def test_the_modes_of_the_specification(http: TestClient) -> None:
    found = {mode: http.get(f"/fhir/metadata?mode={mode}") for mode in
             ("full", "normative", "terminology", "other")}  # fmt: skip

    assert [each.status_code for each in found.values()] == [200, 200, 200, 400]
    assert found["terminology"].json()["resourceType"] == "TerminologyCapabilities"
    assert Validator().validate(parse(found["terminology"].content)) == []


def test_a_server_that_asks_who_you_are_says_where_to_show_it(engine: Engine) -> None:
    given = {"token": "/auth/token", "authorize": "https://ehr.example/authorize"}
    addresses = given | {"token": "http://testserver/auth/token"}
    told = served(engine, oauth_uris=given).get("/fhir/metadata").json()

    [service] = told["rest"][0]["security"]["service"]
    assert service["coding"][0]["code"] == "SMART-on-FHIR"
    [extension] = told["rest"][0]["security"]["extension"]
    assert {each["url"]: each["valueUri"] for each in extension["extension"]} == addresses
    assert Validator().validate(told) == []


def test_a_server_that_asks_nobody_tells_no_security(statement: Statement) -> None:
    assert "security" not in statement["rest"][0]


def test_the_address_is_the_public_one(engine: Engine) -> None:
    http = served(engine, public_url="https://ehr.example/")
    keep(http, patient(id="ann"))

    assert http.get("/fhir/metadata").json()["implementation"]["url"] == "https://ehr.example/fhir"
    link = http.get("/fhir/Patient/_history").json()["link"][0]["url"]
    assert link == "https://ehr.example/fhir/Patient/_history"
