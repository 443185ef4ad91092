"""The audit trail read as AuditEvents: in the shape of BALP, searched and paged, never written."""

from base64 import b64decode
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant
from fhir_api.audit.event import Access
from fhir_api.audit.reading import Wanted, conditions_of
from fhir_api.audit.trail import AuditTrail
from fhir_api.json_text import parse
from fhir_api.validation.validator import Validator
from tests.support.fhir import FHIR_JSON, observation, patient
from tests.support.instance import issue, keep, only, seen_by, served

Fhir = dict[str, Any]
ALL = Caller("ehr-7", (Grant(ANY, EVERYTHING),), user="Practitioner/nora")
READER = Caller("auditor", (Grant("AuditEvent", frozenset({"read", "search"})),))


@pytest.fixture
def http(engine: Engine) -> TestClient:
    """A reader of the trail, after another client has read, searched and deleted."""
    ehr = seen_by(engine, ALL)
    keep(ehr, patient(id="ann"), observation("Patient/ann", id="o1"))
    ehr.get("/fhir/Observation/o1")
    ehr.get("/fhir/Observation?patient=ann")
    ehr.delete("/fhir/Observation/o1")
    ehr.get("/fhir/Patient/nobody")
    return seen_by(engine, READER)


def found(http: TestClient, query: str) -> list[Fhir]:
    answer = http.get(f"/fhir/AuditEvent?{query}")
    assert answer.status_code == 200, answer.text
    return [each["resource"] for each in answer.json().get("entry", [])]


def interactions(http: TestClient, query: str) -> list[str]:
    return [each["subtype"][0]["code"] for each in found(http, query)]


def codes(event: Fhir, element: str) -> list[str]:
    return [each[element]["code"] for each in event["entity"] if element in each]


def test_events_are_valid_r4(http: TestClient) -> None:
    bundle = parse(http.get("/fhir/AuditEvent").content)

    assert len(bundle["entry"]) == 6
    assert Validator().validate(bundle) == []


def test_a_read_follows_the_pattern(http: TestClient) -> None:
    [event] = found(http, "entity=Observation/o1&action=R")

    assert event["meta"]["profile"][0].endswith("/IHE.BasicAudit.PatientRead")
    assert event["type"]["code"] == "rest"
    assert (event["action"], event["outcome"]) == ("R", "0")
    roles = [each["type"]["coding"][0]["code"] for each in event["agent"]]
    assert roles == ["110152", "110153", "IRCP"]
    assert event["agent"][0]["who"]["identifier"]["value"] == "ehr-7"
    assert event["agent"][2]["requestor"]
    assert codes(event, "role") == ["1", "4"]
    assert all("address" not in each.get("network", {}) for each in event["agent"])


def test_a_search_keeps_its_query(http: TestClient) -> None:
    [event] = found(http, "patient=ann&action=E")

    assert event["meta"]["profile"][0].endswith("/IHE.BasicAudit.PatientQuery")
    query = next(each for each in event["entity"] if "query" in each)
    assert b64decode(query["query"]).startswith(b"patient=p1")
    assert query["role"]["code"] == "24"


def test_a_refusal_follows_no_pattern_of_success(http: TestClient) -> None:
    [event] = found(http, "entity=Patient/nobody")

    assert event["outcome"] == "4"
    assert "profile" not in event["meta"]


def test_real_ids_are_put_back_for_who_may_see_them(engine: Engine, http: TestClient) -> None:
    masked = seen_by(engine, Caller("auditor", READER.grants, identified=False))

    assert found(http, "action=D")[0]["entity"][0]["what"]["reference"] == "Patient/ann"
    shown = found(masked, "action=D")[0]["entity"][0]["what"]["reference"]
    assert shown.startswith("Patient/p1")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("patient=ann&action=R", ["read"]),
        ("patient=Patient/ann&action=U,D", ["delete", "update", "update"]),
        ("patient=bob", []),
        ("action=http://hl7.org/fhir/audit-event-action|D", ["delete"]),
        ("agent=ehr-7&action=D", ["delete"]),
        ("agent=Practitioner/nora&action=D", ["delete"]),
        ("agent=somebody", []),
        ("entity=Observation/o1&action=R", ["read"]),
        ("date=ge2000-01-01&date=lt2999&action=D", ["delete"]),
        ("date=lt2000-01-01", []),
        ("date=sa2999", []),
    ],
)
def test_the_trail_is_searched(http: TestClient, query: str, expected: list[str]) -> None:
    assert interactions(http, query) == expected


def test_an_event_is_read_by_its_id(http: TestClient) -> None:
    [event] = found(http, "action=D")
    answer = http.get(f"/fhir/AuditEvent/{event['id']}")

    assert answer.json() == event
    assert http.get(f"/fhir/AuditEvent?_id={event['id']}").json()["entry"][0]["resource"] == event
    for unknown in ("0", "999999", "x", "9" * 30):
        assert http.get(f"/fhir/AuditEvent/{unknown}").status_code == 404


def test_pages_are_newest_first_and_hold_each_event_once(http: TestClient) -> None:
    whole = [each["id"] for each in found(http, "agent=ehr-7")]
    url, seen = "/fhir/AuditEvent?agent=ehr-7&_count=2", []
    while url:
        page = http.get(url).json()
        seen += [each["resource"]["id"] for each in page["entry"]]
        url = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")

    assert seen == whole == sorted(whole, key=int, reverse=True)


@pytest.mark.parametrize("query", ["date=soon", "date=ap2020", "_count=x", "entity=ann", "_id=x",
                                   "name=x", "_cursor=x"])  # fmt: skip
def test_what_cannot_be_read_is_a_400(http: TestClient, query: str) -> None:
    assert http.get(f"/fhir/AuditEvent?{query}").status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["AuditEvent", "AuditEvent/1", "AuditEvent/1/_history/1"])
def test_nobody_writes_it(engine: Engine, method: str, path: str) -> None:
    answer = seen_by(engine, ALL).request(method, f"/fhir/{path}", headers=FHIR_JSON, content="{}")

    assert answer.status_code == 405
    assert "written by the server alone" in issue(answer)["diagnostics"]
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (ALL, 200),
        (READER, 200),
        (Caller("app", (Grant("Patient", EVERYTHING),)), 403),
        (Caller("app", (Grant("AuditEvent", frozenset({"create"})),)), 403),
        (only("ann"), 403),
        (only("ann", "AuditEvent"), 403),
    ],
)
def test_the_trail_is_open_to_whole_grants_alone(
    engine: Engine, caller: Caller, status: int
) -> None:
    http = seen_by(engine, caller)

    assert http.get("/fhir/AuditEvent").status_code == status
    assert http.get("/fhir/AuditEvent/999").status_code == (404 if status == 200 else status)


def test_reading_the_trail_is_on_record(http: TestClient) -> None:
    http.get("/fhir/AuditEvent?patient=ann")

    assert interactions(http, "agent=auditor") == ["search-type"]


def test_no_other_site_is_seen(engine: Engine, http: TestClient) -> None:
    other = AuditTrail(engine, "elsewhere")
    for _ in range(3):
        other.record(Access("read", 200, "r", "spy"))

    assert found(http, "agent=spy") == []
    ids = [str(int(each["id"]) + 3) for each in found(http, "_count=1")]
    assert http.get(f"/fhir/AuditEvent/{ids[0]}").status_code in {200, 404}
    assert "elsewhere" not in http.get("/fhir/AuditEvent").text


def test_a_server_without_a_trail_has_no_events(engine: Engine) -> None:
    http = served(engine, trail=None)

    assert "entry" not in http.get("/fhir/AuditEvent").json()


SEARCHES = {
    "a patient": Wanted(patients=["Patient/p17"]),
    "an entity": Wanted(entities=["Observation/p17"]),
    "a client": Wanted(clients=["c7"]),
    "an event": Wanted(numbers=[17]),
    "the newest": Wanted(),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_no_search_reads_the_whole_trail(engine: Engine, name: str) -> None:
    conditions, bound = conditions_of(SEARCHES[name])
    where = " AND ".join(("site = 'test'", *conditions))
    rows = """INSERT INTO audit_event (site, interaction, action, status, client, patients,
        resources, request_id) SELECT 'test', 'read', 'R', 200, 'c' || n % 50,
        ARRAY['Patient/p' || n], ARRAY['Observation/p' || n], 'r'
        FROM generate_series(1, 5000) n"""
    with engine.begin() as connection:
        connection.execute(text(rows))
        connection.execute(text("ANALYZE audit_event"))
        query = f"EXPLAIN SELECT * FROM audit_event WHERE {where} ORDER BY number DESC LIMIT 101"
        plan = "\n".join(connection.execute(text(query), bound).scalars())

    assert "Seq Scan" not in plan, plan
