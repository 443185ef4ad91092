"""The FHIR API over HTTP: every answer is FHIR, every refusal an OperationOutcome, never a 500."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from fhir_api.json_text import dump
from privacy.keys import derive_keys
from privacy.pseudonyms import pseudonym
from tests.support.fhir import (
    FHIR_JSON,
    JOHN,
    JOHN_ID,
    ROOT,
    SITE,
    bundle,
    client,
    observation,
    patient,
    post,
    put,
)

POISON = {
    "nothing": b"",
    "no JSON": b"<Bundle/>",
    "a list": b"[]",
    "a number": b"7",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 2000 + b"1" + b"}" * 2000,
    "NaN": b'{"resourceType":"Bundle","type":"batch","total":NaN}',
    "5,000 digits": b'{"resourceType":"Bundle","v":' + b"9" * 5000 + b"}",
    "NUL": b'{"resourceType":"Bundle","type":"a\\u0000b"}',
    "half a surrogate": b'{"resourceType":"Bundle","type":"\\ud800"}',
    "names twice": b'{"resourceType":"Patient","resourceType":"Bundle"}',
    "not UTF-8": b'{"a":"\xff"}',
    "type is a list": b'{"resourceType":["Bundle"],"type":"batch"}',
    "entry is text": b'{"resourceType":"Bundle","type":"transaction","entry":"x"}',
    "no type": b'{"resourceType":"Bundle","entry":[]}',
    "no Bundle": b'{"resourceType":"Patient"}',
}
BAD_ENTRIES: dict[str, Any] = {
    "a number": 7,
    "null": None,
    "empty": {},
    "no request": {"resource": {"resourceType": "Patient"}},
    "no resource": {"request": {"method": "POST", "url": "Patient"}},
    "resource is text": {"resource": "x", "request": {"method": "POST", "url": "Patient"}},
    "unknown type": post({"resourceType": "NopeType"}),
    "another type": {
        "resource": {"resourceType": "Patient"},
        "request": {"method": "POST", "url": "Observation"},
    },
    "method is a list": {"request": {"method": ["POST"], "url": "Patient"}},
    "an operation": post(patient()) | {"request": {"method": "POST", "url": "Patient/$merge"}},
    "another id": put(patient(id="a")) | {"request": {"method": "PUT", "url": "Patient/b"}},
    "a bad id": {"request": {"method": "DELETE", "url": "Patient/a%00b"}},
    "fullUrl is a number": post(patient()) | {"fullUrl": 7},
    "a query without an identifier": post(patient(), ifNoneExist="name=x"),
    "a circle of itself": post(patient(contained=[{"contained": [{}]}])),
    "a contained list": post(patient(contained="x")),
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resourceType", "type", "entry", "resource", "request", "method", "url", "id",
                 "fullUrl", "subject", "reference", "contained", "extension", "value"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.fixture
def http(engine: Engine) -> TestClient:
    return client(engine)


def send(http: TestClient, body: Any, path: str = "/fhir") -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return http.post(path, content=content, headers=FHIR_JSON)


def outcome(answer: Any) -> dict[str, Any]:
    """The first issue of an OperationOutcome."""
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    assert answer.headers["content-type"] == "application/fhir+json"
    issue: dict[str, Any] = body["issue"][0]
    return issue


def stored_person(http: TestClient) -> None:
    john = put(patient(id=JOHN_ID)) | {"fullUrl": JOHN}
    sent = bundle("transaction", john, put(observation(id="seen-1")))
    assert send(http, sent).status_code == 200


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_body_is_a_400(http: TestClient, name: str) -> None:
    answer = send(http, POISON[name])

    assert answer.status_code == 400
    assert outcome(answer)["diagnostics"]


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize("name", BAD_ENTRIES)
def test_a_poisoned_entry_is_named(http: TestClient, name: str, kind: str) -> None:
    good = put(observation(id="seen-1"))
    answer = send(http, bundle(kind, good, BAD_ENTRIES[name]))

    if kind == "transaction":
        assert 400 <= answer.status_code < 500
        assert outcome(answer)["expression"][0].startswith("Bundle.entry[1]")
        assert http.get("/fhir/Observation/seen-1").status_code == 404
    else:
        statuses = [each["response"]["status"] for each in answer.json()["entry"]]
        assert statuses[0] == "201 Created"
        assert statuses[1][0] == "4"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(st.lists(anything, max_size=3), st.sampled_from(["batch", "transaction"]))
def test_whatever_is_sent_is_answered(http: TestClient, entries: list[Any], kind: str) -> None:
    answer = send(http, {"resourceType": "Bundle", "type": kind, "entry": entries})

    assert answer.status_code in {200, 400, 412, 422}


def test_other_content_types_are_a_415(http: TestClient) -> None:
    for given_type in ("application/fhir+xml", "text/plain", "application/json; charset=latin-1"):
        answer = http.post("/fhir", content=b"{}", headers={"content-type": given_type})
        assert answer.status_code == 415
        assert "fhir+json" in outcome(answer)["diagnostics"]


def test_a_body_over_the_limit_is_a_413(engine: Engine) -> None:
    small = client(engine, largest_body=1000)
    sent = dump(bundle("batch", post(patient())))

    assert send(small, sent).status_code == 200
    answer = send(small, sent + b" " * 1000)
    assert answer.status_code == 413
    assert "1,000 bytes" in outcome(answer)["diagnostics"]


def test_a_body_sent_in_pieces_is_counted_too(engine: Engine) -> None:
    pieces = (b" " * 400 for _ in range(10))

    answer = client(engine, 1000).post("/fhir", content=pieces, headers=FHIR_JSON)

    assert answer.status_code == 413


def test_a_resource_is_read_by_its_real_id_with_its_true_dates(http: TestClient) -> None:
    stored_person(http)

    answer = http.get("/fhir/Observation/seen-1")

    body = answer.json()
    assert body["id"] == "seen-1"
    assert body["effectiveDateTime"] == "2020-02-29T10:00:00+01:00"
    assert body["meta"]["versionId"] == "1"
    assert answer.headers["etag"] == 'W/"1"'
    again = http.get("/fhir/Observation/seen-1", headers={"if-none-match": 'W/"1"'})
    assert (again.status_code, again.content) == (304, b"")


def test_a_pseudonym_is_no_way_in(http: TestClient) -> None:
    stored_person(http)
    hidden = f"Patient/{pseudonym(derive_keys(ROOT, SITE), 'Patient', JOHN_ID)}"

    assert http.get(f"/fhir/{hidden}").status_code == 404


def test_a_search_by_patient_gives_the_callers_own_id_back(http: TestClient) -> None:
    stored_person(http)
    for query in (f"patient={JOHN_ID}", f"subject=Patient/{JOHN_ID}"):
        found = http.get(f"/fhir/Observation?{query}").json()
        [entry] = found["entry"]
        assert entry["resource"]["subject"]["reference"] == f"Patient/{JOHN_ID}"
        assert entry["resource"]["effectiveDateTime"] == "2020-02-29T10:00:00+01:00"
    assert "entry" not in http.get("/fhir/Observation?patient=somebody-else").json()


def test_a_search_by_id_identifier_and_time(http: TestClient) -> None:
    stored_person(http)
    matches = {
        "Observation?_id=seen-1,other": 1,
        f"Patient?_id={JOHN_ID}": 1,
        "Patient?identifier=http://hospital.example/mrn|MRN-8830417": 1,
        "Patient?identifier=http://hospital.example/mrn|MRN-0": 0,
        "Patient?_lastUpdated=ge2020-01-01": 1,
        "Patient?_lastUpdated=lt2020-01-01": 0,
        "Patient?_count=0": 0,
    }

    found = {query: http.get(f"/fhir/{query}").json().get("entry", []) for query in matches}

    assert {query: len(entries) for query, entries in found.items()} == matches


def test_a_search_goes_page_by_page_to_its_end(http: TestClient) -> None:
    send(http, bundle("batch", *(put(observation(id=f"o{number}")) for number in range(5))))
    url, seen = "/fhir/Observation?_count=2", []
    while url:
        page = http.get(url).json()
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")

    assert len(set(seen)) == len(seen) == 5


def test_an_unknown_parameter_is_refused_unless_the_caller_is_lenient(http: TestClient) -> None:
    answer = http.get("/fhir/Observation?nope=1&_count=3")
    lenient = http.get("/fhir/Observation?nope=1&_count=3", headers={"prefer": "handling=lenient"})

    assert answer.status_code == 400
    assert "patient" in outcome(answer)["diagnostics"]
    assert lenient.json()["link"][0]["url"].endswith("Observation?_count=3")


@pytest.mark.parametrize(
    "query", ["_count=x", "_lastUpdated=soon", "_lastUpdated=ap2020-01-01", "patient=Group/1",
              "patient=a/b/c", "identifier=", "_lastUpdated=ge9999-12-31", "_id=%00"]
)  # fmt: skip
def test_a_parameter_that_cannot_be_read_is_no_accident(http: TestClient, query: str) -> None:
    assert http.get(f"/fhir/Observation?{query}").status_code in {200, 400}


def test_one_resource_is_created_updated_and_deleted(http: TestClient) -> None:
    made = send(http, observation("Patient/a"), "/fhir/Observation")
    again = send(http, observation("Patient/a"), "/fhir/Observation")
    path = made.headers["location"].partition("/_history")[0].partition("http://testserver")[2]
    changed = observation("Patient/a", id=path.rpartition("/")[2], status="amended")
    update = http.put(path, content=dump(changed), headers=FHIR_JSON)
    stale = http.put(path, content=dump(changed), headers=FHIR_JSON | {"if-match": 'W/"1"'})

    assert (made.status_code, again.status_code) == (201, 201)
    assert made.headers["location"] != again.headers["location"]
    assert (update.status_code, update.headers["etag"]) == (200, 'W/"2"')
    assert stale.status_code == 412
    assert http.get(f"{path}/_history/1").json()["status"] == "final"
    assert http.delete(path).status_code == 204
    assert http.get(path).status_code == 410


def test_a_conditional_create_over_http_finds_what_is_there(http: TestClient) -> None:
    query = {"if-none-exist": "identifier=http://hospital.example/mrn|MRN-8830417"}
    first = http.post("/fhir/Patient", content=dump(patient()), headers=FHIR_JSON | query)
    other = patient(gender="female")
    second = http.post("/fhir/Patient", content=dump(other), headers=FHIR_JSON | query)

    assert (first.status_code, second.status_code) == (201, 200)
    assert len(http.get("/fhir/Patient").json()["entry"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/NopeType/1", 404),
        ("GET", "/fhir/NopeType", 404),
        ("GET", "/fhir/Patient/nobody", 404),
        ("GET", f"/fhir/Patient/{'a' * 65}", 404),
        ("GET", "/fhir/Patient/a/_history/x", 404),
        ("GET", "/fhir/a/b/c/d", 404),
        ("DELETE", "/fhir/NopeType/1", 404),
        ("GET", "/fhir", 400),
    ],
)
def test_what_is_not_there_is_told(http: TestClient, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)

    assert answer.status_code == status
    assert outcome(answer)["diagnostics"]


def test_a_mistake_of_our_own_tells_and_logs_no_value(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_given: Any) -> Any:
        raise KeyError("Quillfeather")

    monkeypatch.setattr("fhir_api.routes.transaction.answer", breaks)
    answer = send(client(engine), bundle("batch"))

    assert answer.status_code == 500
    assert "KeyError" in outcome(answer)["diagnostics"]
    assert "Quillfeather" not in answer.text + caplog.text


def test_a_database_that_is_away_is_a_503() -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    http = client(nowhere)

    assert http.get("/fhir/Patient/a").status_code == 503
    assert outcome(send(http, bundle("batch", post(patient()))))["code"] == "transient"
