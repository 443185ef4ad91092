"""AuditEvent for every access: who, what, about whom, how it ended; append-only, no values."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant
from fhir_api.audit.event import Access
from fhir_api.audit.trail import AuditTrail
from fhir_api.errors import TrailUnavailable, Unauthorized
from privacy.keys import derive_keys
from privacy.pseudonyms import pseudonym
from tests.support.asking import noted
from tests.support.fhir import FHIR_JSON, ROOT, SITE, bundle, observation, patient, put
from tests.support.instance import issue, keep, only, parts, seen_by, served, trail

NURSE = Caller("ehr-7", (Grant(ANY, EVERYTHING),), user="Practitioner/nora")
CANARY = "Quillfeather"


def hidden(kind: str, real_id: str) -> str:
    return f"{kind}/{pseudonym(derive_keys(ROOT, SITE), kind, real_id)}"


@pytest.fixture
def http(engine: Engine) -> TestClient:
    made = seen_by(engine, NURSE)
    keep(made, patient(id="ann"), observation("Patient/ann", id="o1"))
    return made


def last(engine: Engine) -> dict[str, Any]:
    return trail(engine)[-1]


REQUESTS = {
    "read": ("GET", "Observation/o1", "read", "R"),
    "head": ("HEAD", "Observation/o1", "read", "R"),
    "vread": ("GET", "Observation/o1/_history/1", "vread", "R"),
    "history of one": ("GET", "Observation/o1/_history", "history-instance", "R"),
    "history of a type": ("GET", "Observation/_history", "history-type", "R"),
    "history of all": ("GET", "_history", "history-system", "R"),
    "search": ("GET", "Observation?patient=ann", "search-type", "E"),
    "delete": ("DELETE", "Observation/o1", "delete", "D"),
    "an operation": ("GET", "Patient/ann/$everything", "$everything", "E"),
    "nothing there": ("GET", "Nope/1/2/3", "unknown", "E"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_request_leaves_one_row(http: TestClient, engine: Engine, name: str) -> None:
    method, path, interaction, action = REQUESTS[name]
    before = len(trail(engine))
    answer = http.request(method, f"/fhir/{path}")

    rows = trail(engine)[before:]
    assert [(each["interaction"], each["action"]) for each in rows] == [(interaction, action)]
    assert rows[0]["status"] == answer.status_code
    assert rows[0]["site"] == SITE


def test_a_row_says_who_and_about_whom(http: TestClient, engine: Engine) -> None:
    http.get("/fhir/Observation/o1")

    row = last(engine)
    assert (row["client"], row["fhir_user"]) == ("ehr-7", hidden("Practitioner", "nora"))
    assert row["patients"] == [hidden("Patient", "ann")]
    assert row["resources"] == [hidden("Observation", "o1")]


def test_writes_say_what_they_made(http: TestClient, engine: Engine) -> None:
    made = http.post("/fhir/Patient", json=patient(gender="other"), headers=FHIR_JSON)
    created = last(engine)
    http.put("/fhir/Patient/ann", json=patient(id="ann", gender="other"), headers=FHIR_JSON)
    updated = last(engine)

    path = made.headers["location"].partition("/fhir/")[2].partition("/_history")[0]
    assert (created["interaction"], created["action"]) == ("create", "C")
    assert created["resources"] == [hidden(*path.split("/"))]
    assert (updated["interaction"], updated["action"]) == ("update", "U")
    assert updated["patients"] == [hidden("Patient", "ann")]


def test_a_transaction_is_one_row(http: TestClient, engine: Engine) -> None:
    before = len(trail(engine))
    http.post("/fhir", json=bundle("transaction", put(patient(id="cat"))), headers=FHIR_JSON)

    [row] = trail(engine)[before:]
    assert (row["interaction"], row["action"], row["status"]) == ("transaction", "E", 200)


def test_a_query_is_kept_with_names_and_pseudonyms_alone(http: TestClient, engine: Engine) -> None:
    query = f"patient=ann&code=8310-5&subject:missing=false&_id=o1&identifier=mrn|{CANARY}"
    http.get(f"/fhir/Observation?{query}&performer=Practitioner/nora")

    kept = last(engine)["query"].split("&")
    assert kept == [
        "patient=" + hidden("Patient", "ann").partition("/")[2],
        "code=*",
        "subject:missing=*",
        "_id=" + hidden("Observation", "o1").partition("/")[2],
        "identifier=*",
        "performer=" + hidden("Practitioner", "nora"),
    ]


def test_no_value_of_a_patient_reaches_the_trail(http: TestClient, engine: Engine) -> None:
    for path in (f"Patient/{CANARY}", f"Patient?name={CANARY}", f"Patient?{CANARY} x={CANARY}",
                 f"Patient/{CANARY}/_history/{CANARY}", f"{CANARY}/{CANARY}",
                 f"Patient?identifier=mrn|{CANARY}", f"Observation?patient={CANARY}"):  # fmt: skip
        http.get(f"/fhir/{path}")
    masked = seen_by(engine, Caller("app", NURSE.grants, identified=False, user=CANARY))
    masked.get(f"/fhir/Patient/{CANARY}?patient={CANARY}")

    rows = trail(engine)
    assert len(rows) == 10
    assert CANARY not in json.dumps(rows, default=str)


def test_what_is_refused_is_on_record_too(engine: Engine) -> None:
    def nobody(_request: Any) -> Caller:
        raise Unauthorized

    served(engine, authenticate=nobody).get("/fhir/Patient/ann")
    seen_by(engine, Caller("app", ())).get("/fhir/Patient/ann")
    seen_by(engine, only("bob")).get("/fhir/Patient/ann")
    served(engine).post("/fhir/Patient", content=b"{", headers=FHIR_JSON)

    kept = [(row["client"], row["status"], row["patients"]) for row in trail(engine)]
    ann = [hidden("Patient", "ann")]
    assert kept == [
        ("unknown", 401, ann), ("app", 403, ann), ("app", 404, ann), ("anonymous", 400, []),
    ]  # fmt: skip


def test_a_sign_of_life_is_no_access(http: TestClient, engine: Engine) -> None:
    before = len(trail(engine))
    http.get("/fhir/metadata")

    assert len(trail(engine)) == before


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_event SET client = 'x'", "DELETE FROM audit_event",
                  "TRUNCATE audit_event", "UPDATE audit_event SET client = 'x' WHERE false"]
)  # fmt: skip
def test_the_trail_cannot_be_changed(http: TestClient, engine: Engine, statement: str) -> None:
    http.get("/fhir/Patient/ann")
    before = trail(engine)

    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))

    assert trail(engine) == before


def test_a_keeper_who_says_so_may_prune_it(http: TestClient, engine: Engine) -> None:
    http.get("/fhir/Patient/ann")
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL homeward.audit_keeper = 'on'"))
        connection.execute(text("DELETE FROM audit_event"))

    assert trail(engine) == []
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event"))


def test_what_cannot_be_put_on_record_is_not_answered(http: TestClient, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_event RENAME TO away"))
    try:
        answer = http.get("/fhir/Patient/ann")
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO audit_event"))

    assert answer.status_code == 503
    assert issue(answer)["code"] == "transient"
    assert CANARY not in answer.text


def test_a_trail_without_its_database_says_so() -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(TrailUnavailable, match="audit trail"):
        AuditTrail(nowhere, SITE).record(Access("read", 200, "r"))


@pytest.mark.parametrize(
    ("interaction", "waits"),
    [("read", False), ("search-type", False), ("update", True), ("transaction", True)],
)
def test_one_statement_writes_a_row_and_only_changes_wait_for_the_disk(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, interaction: str, waits: bool
) -> None:
    with noted(monkeypatch) as sent:
        AuditTrail(engine, SITE).record(Access(interaction, 200, "r"))

    assert len(sent) == 1
    assert ("synchronous_commit" in sent[0]) != waits
    with engine.connect() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def test_the_id_of_a_request_is_taken_over_given_back_and_kept(
    http: TestClient, engine: Engine
) -> None:
    own = http.get("/fhir/Patient/ann", headers={"x-request-id": "req-42"})
    assert own.headers["x-request-id"] == last(engine)["request_id"] == "req-42"
    for odd in ("a b", "x" * 65, "é".encode(), ""):
        made = http.get("/fhir/Patient/ann", headers={"x-request-id": odd})
        assert made.headers["x-request-id"] == last(engine)["request_id"]
        assert len(made.headers["x-request-id"]) == 36


def test_a_caller_is_asked_for_once(engine: Engine) -> None:
    asked = []

    def counted(_request: Any) -> Caller:
        asked.append(1)
        return NURSE

    http = served(engine, authenticate=counted)
    http.post("/fhir/Patient", json=patient(), headers=FHIR_JSON)

    assert asked == [1]


def test_a_route_may_tell_more(engine: Engine) -> None:
    from fastapi import Request

    from fhir_api.audit.access import about
    from fhir_api.routes.outcome import fhir_response, route_of

    api = parts(engine)
    route = route_of(api)

    def told(request: Request) -> Any:
        about(request, patients=["p1" + "a" * 32, None], resource="Group/p1x", interaction="batch")
        about(request, query=[("patient", "ann")])
        return fhir_response({})

    app = TestClient(app_of(route("/x", told)))
    app.get("/x?name=Quillfeather")

    row = last(engine)
    assert (row["interaction"], row["resources"]) == ("batch", ["Group/p1x"])
    assert row["patients"] == sorted(["Patient/p1" + "a" * 32, hidden("Patient", "ann")])
    assert row["query"] == "patient=" + hidden("Patient", "ann").partition("/")[2]


def app_of(route: Any) -> Any:
    from fastapi import FastAPI

    made = FastAPI()
    made.router.routes.append(route)
    return made
