"""The index holds exactly the rows of each resource's newest version."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from fhir_api.search.index.extract import reference_tokens
from fhir_api.search.index.lanes import lane
from fhir_api.store.repository import ResourceStore
from fhir_api.store.unit import UnitOfWork
from privacy.pseudonyms import identifier_token, value_token
from privacy.records import CleanResource
from tests.support.cleaning import KEYS
from tests.support.fhir import SITE, ingestor
from tests.support.index import stored_values

A = ("Encounter", "a")


def clean(id_: str = "a", tokens: tuple[str, ...] = (), **body: Any) -> CleanResource:
    content = {"resourceType": "Encounter", "id": id_, **body}
    return CleanResource("Encounter", id_, "p1ann", content, tokens)


@pytest.fixture
def store(engine: Engine) -> ResourceStore:
    return ResourceStore(engine, "site", "policy-1")


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_resource_is_found_by_what_it_says(store: ResourceStore, engine: Engine) -> None:
    subject = {"reference": "Patient/p1ann"}

    store.write([clean(status="planned", subject=subject, tokens=("i1a", "i2a"))])

    assert stored_values(engine, "site")[A] == {
        ("status", "planned"),
        ("subject", "Patient/p1ann"),
        ("patient", "Patient/p1ann"),
        ("identifier", "i1a"),
        ("identifier", "i2a"),
    }


def test_columns_hold_what_was_read(store: ResourceStore, engine: Engine) -> None:
    store.write([clean(period={"start": "2024-03-01"}, length={"value": 3, "code": "d\t\\"})])

    found = rows(engine, "SELECT starts::text, ends::text, low, high, code FROM search_value")

    assert sorted(map(str, found)) == sorted(
        str(each)
        for each in [
            ("2024-03-01 00:00:00+00", "infinity", None, None, None),
            (None, None, *rows(engine, "SELECT 2.5, 3.5")[0], "d\t\\"),
        ]
    )


def test_a_change_forgets_what_the_old_version_was_found_by(
    store: ResourceStore, engine: Engine
) -> None:
    store.write([clean(status="planned", tokens=("i1a",)), clean("b", status="planned")])
    store.write([clean(status="finished")])

    assert stored_values(engine, "site") == {
        A: {("status", "finished")},
        ("Encounter", "b"): {("status", "planned")},
    }


def test_a_deletion_leaves_nothing_and_a_return_finds_again(
    store: ResourceStore, engine: Engine
) -> None:
    store.write([clean(status="planned")])
    store.run(lambda unit: unit.delete([A]))
    gone = stored_values(engine, "site")
    store.write([clean(status="planned")])

    assert gone == {}
    assert stored_values(engine, "site") == {A: {("status", "planned")}}


def test_a_replay_writes_nothing(store: ResourceStore, engine: Engine) -> None:
    physical = "SELECT ctid::text, xmin::text FROM search_value ORDER BY 1"
    store.write([clean(status="planned")])
    before = rows(engine, physical)
    store.write([clean(status="planned")])

    assert rows(engine, physical) == before


def test_what_was_rolled_back_is_found_by_nothing(store: ResourceStore, engine: Engine) -> None:
    def broken(unit: UnitOfWork) -> None:
        unit.write([clean(status="planned")])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.run(broken)

    assert stored_values(engine, "site") == {}


STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(["planned", "finished", None])), max_size=8
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)
@given(steps=STEPS)
def test_after_any_writes_the_rows_are_those_of_the_newest(
    store: ResourceStore, engine: Engine, steps: list[tuple[str, str | None]]
) -> None:
    everything = [("Encounter", id_) for id_ in "ab"]
    store.run(lambda unit: unit.delete(everything))
    for id_, status in steps:
        if status is None:
            store.run(lambda unit, id_=id_: unit.delete([("Encounter", id_)]))
        else:
            store.write([clean(id_, status=status)])

    newest = {("Encounter", id_): status for id_, status in steps}
    assert stored_values(engine, "site") == {
        key: {("status", status)} for key, status in newest.items() if status is not None
    }


def test_two_sites_find_only_their_own(engine: Engine) -> None:
    for site, status in (("north", "planned"), ("south", "finished")):
        ResourceStore(engine, site, "policy-1").write([clean(status=status)])
    ResourceStore(engine, "south", "policy-1").run(lambda unit: unit.delete([A]))

    assert stored_values(engine, "north") == {A: {("status", "planned")}}
    assert stored_values(engine, "south") == {}
    assert lane("north", "Encounter", "status") != lane("south", "Encounter", "status")


def test_a_number_is_given_once_and_stays(store: ResourceStore, engine: Engine) -> None:
    numbers = "SELECT resource_id, number FROM resource_head ORDER BY resource_id"
    store.write([clean("b"), clean("a")])
    before = rows(engine, numbers)
    store.write([clean("a", status="finished"), clean("c")])

    after = rows(engine, numbers)

    assert after[:2] == before
    assert [number for _, number in after] == sorted(number for _, number in after)


def test_a_head_knows_when_its_newest_version_was_stored(
    store: ResourceStore, engine: Engine
) -> None:
    newest = """SELECT h.recorded_at = max(v.recorded_at) FROM resource_head h
        JOIN resource_version v USING (site, resource_type, resource_id) GROUP BY h.recorded_at"""
    store.write([clean()])
    store.write([clean(status="finished")])

    assert rows(engine, newest) == [(True,)]


def test_a_change_of_an_identifier_that_is_not_kept_is_a_change(
    store: ResourceStore, engine: Engine
) -> None:
    store.write([clean(tokens=("i1a",))])
    (written,) = store.write([clean(tokens=("i1b",))])

    assert written.version == 2
    assert stored_values(engine, "site") == {A: {("identifier", "i1b")}}


@contextmanager
def counted(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement sent to Postgres, COPY among them."""
    sent: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    copy = psycopg.Cursor.copy

    def counting(self: Any, statement: Any, *given: Any, **named: Any) -> Any:
        sent.append(statement.decode())
        return copy(self, statement, *given, **named)

    monkeypatch.setattr(psycopg.Cursor, "copy", counting)
    yield sent


def test_statements_do_not_grow_with_what_resources_are_found_by(
    store: ResourceStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([clean(str(number), status="planned") for number in range(5)])
    numbers = []
    for size in (10, 400):
        types = [{"coding": [{"system": "urn:type", "code": str(n)}]} for n in range(size // 10)]
        written = [clean(str(n), status="finished", type=types) for n in range(size)]
        with counted(engine, monkeypatch) as sent:
            store.write(written)
        numbers.append(len(sent))

    assert numbers[0] == numbers[1]
    assert sum("COPY search_value" in each for each in sent) == 1
    assert sum("DELETE FROM search_value" in each for each in sent) == 1


def test_a_long_code_is_cut_to_what_the_index_holds(store: ResourceStore, engine: Engine) -> None:
    long = "\U0001f600" * 5000

    store.write([clean(status=long, type=[{"coding": [{"system": long, "code": long}]}])])

    assert rows(engine, "SELECT max(length(code)), max(length(system)) FROM search_value") == [
        (300, 300)
    ]


def test_identifiers_of_references_leave_keyed_tokens() -> None:
    sent = {
        "resourceType": "Observation",
        "subject": {"type": "Patient", "identifier": {"system": "urn:mrn", "value": "4711"}},
        "performer": [{"reference": "Practitioner/1"}],
    }
    tokens = identifier_token(KEYS, "urn:mrn", "4711"), value_token(KEYS, "4711")

    assert set(reference_tokens("Observation", sent, KEYS)) == {
        (f"{name}:identifier", token) for name in ("subject", "patient") for token in tokens
    }


def test_a_reference_to_another_type_leaves_none_for_patients() -> None:
    group = {"reference": "Group/1", "identifier": {"value": "4711"}}

    names = {name for name, _ in reference_tokens("Observation", {"subject": group}, KEYS)}

    assert names == {"subject:identifier"}


def test_identifiers_that_stand_elsewhere_leave_keyed_tokens() -> None:
    request = {"resourceType": "MedicationRequest", "identifier": [{"value": "1"}]}
    composition = {"relatesTo": [{"targetIdentifier": {"value": "2"}}]}
    document = {"masterIdentifier": {"system": "urn:doc", "value": "3"}}

    assert reference_tokens("MedicationRequest", request, KEYS) == ()  # its own are elsewhere
    assert reference_tokens("Composition", composition, KEYS)[1] == (
        "related-id",
        value_token(KEYS, "2"),
    )
    assert reference_tokens("DocumentReference", document, KEYS)[0] == (
        "identifier",
        identifier_token(KEYS, "urn:doc", "3"),
    )


def test_tokens_of_references_are_stored_beside_the_values(
    store: ResourceStore, engine: Engine
) -> None:
    body = {"resourceType": "Encounter", "id": "a"}
    store.write([CleanResource(*A, None, body, (), {}, (("subject:identifier", "i1x"),))])

    assert stored_values(engine, "site") == {A: {("subject:identifier", "i1x")}}


def test_ingestion_stores_tokens_of_identifiers_that_it_does_not_keep(engine: Engine) -> None:
    subject = {"type": "Patient", "identifier": {"system": "urn:mrn", "value": "4711"}}
    sent = {"resourceType": "Condition", "id": "c", "subject": subject}
    taking = ingestor(engine)

    taking.resources([sent])

    (found,) = stored_values(engine, SITE).values()
    token = identifier_token(taking.keys, "urn:mrn", "4711")
    assert {("subject:identifier", token), ("patient:identifier", token)} <= found
    assert "4711" not in str(found)
