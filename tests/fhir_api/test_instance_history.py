"""H1: history of a resource, a type and the system, newest first, page by page."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from fhir_api.access.caller import ANY, EVERYTHING, Caller, Grant
from fhir_api.json_text import parse
from fhir_api.store.history import Asked, conditions, joined
from fhir_api.store.repository import COLUMNS
from fhir_api.validation.validator import Validator
from privacy.keys import derive_keys
from privacy.pseudonyms import pseudonym
from tests.support.fhir import ROOT, SITE, observation, organization, patient
from tests.support.instance import issue, keep, only, seen_by, served


@pytest.fixture
def http(engine: Engine) -> TestClient:
    made = served(engine)
    keep(made, patient(id="ann"), observation("Patient/ann", id="o1"))
    keep(made, observation("Patient/ann", id="o1", status="amended"), organization("7", id="ward"))
    made.delete("/fhir/Observation/o1")
    return made


def entries(http: TestClient, path: str) -> list[dict[str, Any]]:
    answer = http.get(f"/fhir/{path}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json().get("entry", [])
    return found


def told(found: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(each["request"]["method"], each["request"]["url"], each["response"]["etag"])
            for each in found]  # fmt: skip


def pages(http: TestClient, path: str) -> list[dict[str, Any]]:
    """The entries of all pages, as `next` leads."""
    found: list[dict[str, Any]] = []
    url = f"/fhir/{path}"
    while url:
        page = http.get(url).json()
        found += page.get("entry", [])
        url = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")
    return found


def test_the_history_of_a_resource_is_newest_first_with_its_deletion(http: TestClient) -> None:
    found = entries(http, "Observation/o1/_history")

    assert told(found) == [
        ("DELETE", "Observation/o1", 'W/"3"'),
        ("PUT", "Observation/o1", 'W/"2"'),
        ("PUT", "Observation/o1", 'W/"1"'),
    ]
    assert [each["response"]["status"] for each in found] == ["204", "200", "201"]
    assert "resource" not in found[0]
    assert [each["resource"]["status"] for each in found[1:]] == ["amended", "final"]
    assert all(each["response"]["lastModified"].endswith("Z") for each in found)


def test_the_history_of_a_type_and_of_the_system(http: TestClient) -> None:
    of_type = [url for _, url, _ in told(entries(http, "Observation/_history"))]
    of_all = [url for _, url, _ in told(entries(http, "_history"))]

    assert of_type == ["Observation/o1"] * 3
    assert of_all == ["Observation/o1", "Organization/ward", "Observation/o1", "Observation/o1",
                      "Patient/ann"]  # fmt: skip


@pytest.mark.parametrize("path", ["_history", "Observation/_history", "Observation/o1/_history",
                                  "_history?_count=1&_total=accurate"])  # fmt: skip
def test_a_history_is_a_valid_bundle(http: TestClient, path: str) -> None:
    bundle = parse(http.get(f"/fhir/{path}").content)

    assert bundle["type"] == "history"
    assert Validator().validate(bundle) == []


def test_a_history_starts_with_what_was_stored_since(http: TestClient, engine: Engine) -> None:
    with engine.connect() as connection:
        moments = connection.execute(text("SELECT recorded_at FROM resource_version ORDER BY seq"))
        times = [row[0] for row in moments]

    for number, moment in enumerate(times):
        since = moment.isoformat()
        assert len(entries(http, f"_history?_since={since}")) == len(times) - number
    assert entries(http, "_history?_since=2999-01-01") == []


def test_a_history_at_a_moment_is_what_was_current_then(http: TestClient, engine: Engine) -> None:
    with engine.connect() as connection:
        query = text("SELECT recorded_at FROM resource_version WHERE version = 2")
        second = connection.execute(query).scalar_one()
    just_before = (second - timedelta(microseconds=1)).isoformat().replace("+", "%2B")

    found = entries(http, f"Observation/_history?_at={just_before}")

    assert told(found) == [("PUT", "Observation/o1", 'W/"1"')]


def test_pages_hold_every_version_once(http: TestClient) -> None:
    whole = told(entries(http, "_history"))

    for count in (1, 2, 3, 5, 7):
        assert told(pages(http, f"_history?_count={count}")) == whole


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(1, 3), st.integers(0, 3))
def test_pages_stay_while_others_write(http: TestClient, count: int, writes: int) -> None:
    before = told(entries(http, "_history"))
    first = http.get(f"/fhir/_history?_count={count}").json()
    for number in range(writes):
        keep(http, patient(id=f"new{number}", gender="other"))
    url = next((each["url"] for each in first["link"] if each["relation"] == "next"), None)
    rest = pages(http, url.partition("/fhir/")[2]) if url else []

    assert told(first["entry"] + rest) == before


def test_self_shows_what_was_applied(http: TestClient) -> None:
    answer = http.get("/fhir/_history?_count=2&_format=json&code=1",
                      headers={"prefer": "handling=lenient"}).json()  # fmt: skip

    assert answer["link"][0] == {
        "relation": "self",
        "url": "http://testserver/fhir/_history?_count=2",
    }


def test_a_total_is_told_to_who_asks(http: TestClient) -> None:
    expected = {
        "": None,
        "?_total=none": None,
        "?_total=accurate": 5,
        "?_count=0&_total=accurate": 5,
    }

    totals = {each: http.get(f"/fhir/_history{each}").json().get("total") for each in expected}

    assert totals == expected


@pytest.mark.parametrize(
    "query", ["_count=x", "_count=-1", "_since=soon", "_at=never", "_total=many", "code=1",
              "_cursor=x", "_cursor=99999999999999999999", "_sort=_lastUpdated"]
)  # fmt: skip
def test_what_cannot_be_read_is_a_400_that_names_it(http: TestClient, query: str) -> None:
    answer = http.get(f"/fhir/_history?{query}")

    assert answer.status_code == 400
    assert query.partition("=")[0] in issue(answer)["diagnostics"]


def test_a_count_is_cut_to_the_largest_page(http: TestClient) -> None:
    assert len(entries(http, "_history?_count=100000")) == 5


def test_unknown_resources_and_types_have_no_history(http: TestClient) -> None:
    for path in ("Observation/never/_history", "Nope/_history", "Nope/1/_history"):
        assert http.get(f"/fhir/{path}").status_code == 404


def test_a_caller_sees_the_history_of_its_own_patient(engine: Engine, http: TestClient) -> None:
    keep(http, patient(id="bob"), observation("Patient/bob", id="o2"))
    bob = seen_by(engine, only("bob"))

    assert {url for _, url, _ in told(entries(bob, "Observation/_history"))} == {"Observation/o2"}
    owned = {url for _, url, _ in told(entries(bob, "_history"))}
    assert {"Observation/o2", "Patient/bob"} <= owned
    assert not owned & {"Observation/o1", "Patient/ann"}
    assert "total" not in bob.get("/fhir/_history?_total=accurate").json()


@pytest.mark.usefixtures("http")
def test_a_caller_sees_the_history_of_the_types_it_may_search(engine: Engine) -> None:
    patients = seen_by(engine, Caller("app", (Grant("Patient", EVERYTHING),)))
    readers = seen_by(engine, Caller("app", (Grant(ANY, frozenset({"read"})),)))

    assert {url for _, url, _ in told(entries(patients, "_history"))} == {"Patient/ann"}
    assert patients.get("/fhir/Observation/_history").status_code == 403
    assert readers.get("/fhir/_history").status_code == 403
    assert readers.get("/fhir/Observation/o1/_history").status_code == 200


def test_real_ids_and_true_dates_come_back_to_who_may_see_them(
    engine: Engine, http: TestClient
) -> None:
    hidden = Caller("app", (Grant(ANY, EVERYTHING),), identified=False)
    stored = pseudonym(derive_keys(ROOT, SITE), "Observation", "o1")
    path = f"Observation/{stored}/_history"

    seen = entries(http, "Observation/o1/_history")[1]["resource"]
    masked = entries(seen_by(engine, hidden), path)[1]["resource"]

    assert seen["effectiveDateTime"] == "2020-02-29T10:00:00+01:00"
    assert masked["id"] == stored
    assert masked["effectiveDateTime"] != seen["effectiveDateTime"]


ASKED = {
    "a resource": Asked(["Observation"], "p1x"),
    "a type": Asked(["Observation"]),
    "the system": Asked(),
    "a later page": Asked(["Observation"], before=2500),
    "some patients": Asked(["Observation"], patients=["p1ann"]),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_history_reads_the_whole_table(engine: Engine, name: str) -> None:
    columns = (
        "site, resource_type, resource_id, version, patient_id, patient_bucket, deleted, digest, "
        "policy, body"
    )
    rows = """SELECT 'test', CASE WHEN n % 2 = 0 THEN 'Observation' ELSE 'Encounter' END,
        'p1' || n, 1, 'p1' || n % 100, n % 1024, false, '\\x00', 'p', '{}'
        FROM generate_series(1, 5000) n"""
    where, bound = joined(conditions(ASKED[name]))
    query = f"EXPLAIN SELECT v.seq, {COLUMNS} {where} ORDER BY v.seq DESC LIMIT 100"
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO resource_version ({columns}) {rows}"))
        connection.execute(text("ANALYZE resource_version"))
        plan = "\n".join(connection.execute(text(query), bound | {"site": "test"}).scalars())

    assert "Seq Scan" not in plan, plan
