"""The SQL of searches: no table is read from end to end, and nothing of a caller is part of it."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, create_engine, event, text

from fhir_api.errors import DateNeedsPatient
from fhir_api.search.engine import SearchEngine
from fhir_api.search.r4.offer import ANY_TYPE, Offer
from privacy.keys import derive_keys
from privacy.policy import load_policy
from tests.support.fhir import NOW, ROOT, SITE, ingestor
from tests.support.instance import served
from tests.support.searching import coded, found, kept, person, weight

POLICY = load_policy()
KEYS = derive_keys(ROOT, SITE)
OFFER = Offer(POLICY)
ROWS = 3000  # of heads and values, so that the planner has something to choose about
VALUES = {
    "token": ["http://a.example|b", "b", "|b"], "string": ["b"], "date": ["ge2020-01-01"],
    "reference": ["Patient/ann", "ann"], "quantity": ["gt5||kg"], "number": ["5"],
    "uri": ["http://a.example"],
}  # fmt: skip
ODDLY = ["Observation?_count=5", "Observation?_lastUpdated=gt2020&_sort=-_lastUpdated",
         "Patient?_has:Observation:patient:code=b", "Observation?patient.gender=male",
         "Observation?patient=ann&_sort=-date,code", "Observation?code:not=b&patient=ann",
         "Patient?_id=ann&_revinclude=Observation:subject", "?_id=ann,ben", "?_lastUpdated=gt2020",
         "Observation?code=b&_include=Observation:*",
         "Patient?identifier=a|b&birthdate=1961"]  # fmt: skip
POISON = ["'", '"', "%", "_", "\\", "'; DROP TABLE resource_head; --", "$1", ":v0", "{}", "%(v0)s",
          "a%", "%%", "O'Neil", "\u202e", "\U0001f600", "é", "N" * 4000, "\x01",
          "--", "/*"]  # fmt: skip


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


@pytest.fixture
def crowded(engine: Engine) -> Connection:
    """A connection that may read tables from end to end only where no index would do."""
    connection = engine.connect()
    connection.execute(text(HEADS), {"rows": ROWS})
    connection.execute(text(SEARCH_VALUES), {"rows": ROWS})
    for table in ("resource_head", "resource_version", "search_value", "resource_identifier"):
        connection.execute(text(f"ANALYZE {table}"))
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    return connection


HEADS = """
    WITH made AS (
        INSERT INTO resource_head (site, resource_type, resource_id, version, deleted, digest)
        SELECT 'test', (ARRAY['Patient', 'Observation', 'Encounter'])[1 + n % 3], 'p' || n, 1,
               false, '' FROM generate_series(1, :rows) n RETURNING *)
    INSERT INTO resource_version (site, resource_type, resource_id, version, deleted, digest,
                                  patient_bucket, policy, body)
    SELECT site, resource_type, resource_id, 1, false, '', 0, '', '{}' FROM made
"""
SEARCH_VALUES = """
    INSERT INTO search_value (resource, lane, place, system, code, starts, ends, low, high)
    SELECT n, n % 40, 0, 's', 'c' || n % 50, now(), now(), n, n FROM generate_series(1, :rows) n
"""


def plans(connection: Connection, query: str) -> str:
    """The plans of all statements of a search."""
    kind, _, given = query.partition("?")
    search = SearchEngine(ingestor(connection.engine).store, KEYS, POLICY, lambda: NOW)
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    event.listen(connection, "before_cursor_execute", note)
    search.run(
        connection, kind or ANY_TYPE, [tuple(each.split("=", 1)) for each in given.split("&")]
    )  # type: ignore[misc]
    event.remove(connection, "before_cursor_execute", note)
    return "\n".join(
        row[0]
        for statement, values in seen
        for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)
    )


@pytest.mark.parametrize("query", ODDLY)
def test_no_table_is_read_from_end_to_end(crowded: Connection, query: str) -> None:
    with crowded:
        assert "Seq Scan" not in plans(crowded, query)


def queries(kind: str) -> Iterator[str]:
    """A search for each parameter of a type, with a value of each form."""
    known = OFFER.parameters(kind)
    whose = "&_id=ann" if kind == "Patient" else "&patient=ann" if "patient" in known else ""
    for name, parameter in known.items():
        dated = parameter.kind == "date" and name != "_lastUpdated"
        for value in VALUES.get(parameter.kind, []):
            yield f"{kind}?{name}={value}{whose if dated else ''}"
        if parameter.kind == "composite":
            halves = (OFFER.half(kind, each.name).kind for each in parameter.components)
            values = "$".join(VALUES[half][0] for half in halves)
            yield f"{kind}?{name}={values}{whose}"


@pytest.mark.parametrize("kind", ["Patient", "Observation", "Encounter", "Condition", "Location"])
def test_no_advertised_parameter_reads_a_table_from_end_to_end(
    crowded: Connection, kind: str
) -> None:
    with crowded:
        slow = [query for query in queries(kind) if "Seq Scan" in plans(crowded, query)]

    assert slow == []


@pytest.mark.parametrize("kind", sorted(OFFER.served))
def test_every_advertised_parameter_of_every_type_makes_a_statement(kind: str) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    search = SearchEngine(ingestor(nowhere).store, KEYS, POLICY, lambda: NOW)
    for query in queries(kind):
        with suppress(DateNeedsPatient):
            search.check_query(kind, query.partition("?")[2])


@pytest.mark.parametrize("poison", POISON)
def test_what_a_caller_writes_is_compared_and_never_carried_out(
    http: TestClient, poison: str
) -> None:
    kept(http, person("ann"), coded("o-1", "8310-5"))
    for name in ("code", "_id", "patient", "identifier", "performer", "_profile", "_profile:below",
                 "performer:identifier", "patient.identifier", "patient.gender"):  # fmt: skip
        given = {name: poison.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$")}
        answer = http.post("/fhir/Observation/_search", data=given)
        assert answer.status_code in {200, 400}, (name, answer.text)
        assert "entry" not in answer.json()
    assert found(http, "Observation") == {"o-1"}


def test_a_wildcard_of_sql_is_a_letter_like_others(http: TestClient) -> None:
    kept(http, person("ann", address=[{"state": "New York"}]))

    assert found(http, "Patient?address-state=N") == {"ann"}
    for wild in ("%25", "_ew", "N%25", "N_w", "N.*"):
        assert found(http, f"Patient?address-state={wild}") == set()
        assert found(http, f"Patient?address-state:contains={wild}") == set()


def test_marks_that_part_values_are_taken_as_they_are_after_a_backslash(http: TestClient) -> None:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/x", "code": "a,b|c$d"}
    kept(http, weight("o-1", method={"coding": [coding]}), weight("o-2"))

    assert found(http, "Observation?method=a,b|c$d") == set()
    assert found(http, r"Observation?method=a\,b\|c\$d") == {"o-1"}
    assert found(
        http, r"Observation?method=http://terminology.hl7.org/CodeSystem/x|a\,b\|c\$d,z"
    ) == {"o-1"}


@pytest.mark.parametrize("query", ["code=%00", "code%00=1", "_id=a%00", "_sort=%00", "_count=%00"])
def test_a_character_that_no_text_may_hold_is_refused(http: TestClient, query: str) -> None:
    assert http.get(f"/fhir/Observation?{query}").status_code == 400


def test_a_message_never_holds_the_value(http: TestClient) -> None:
    for query in ("date=Quillfeather", "Quillfeather+Ann=1", "value-quantity=Quillfeather",
                  "_sort=Quillfeather", "code:Quillfeather=1", "_count=Quillfeather",
                  "patient:missing=Quillfeather", "_include=Quillfeather"):  # fmt: skip
        told = http.get(f"/fhir/Observation?{query}").json()["issue"][0]["diagnostics"]
        assert "Ann" not in told
        assert not re.search("Quillfeather", told) or query.startswith(("_sort", "code:"))


def test_at_most_fifty_parameters_and_five_hundred_values(http: TestClient) -> None:
    kept(http, weight("o-1"))
    form = {"content-type": "application/x-www-form-urlencoded"}

    many = "&".join(["status=final"] * 51)
    assert http.post("/fhir/Observation/_search", content=many, headers=form).status_code == 400
    values = "status=" + ",".join(["final"] * 501)
    assert http.post("/fhir/Observation/_search", content=values, headers=form).status_code == 400
    enough = "status=" + ",".join(["final"] * 500)
    assert http.post("/fhir/Observation/_search", content=enough, headers=form).status_code == 200
