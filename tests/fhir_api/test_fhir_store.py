"""The store on real Postgres: versions, replays, positions of the feed, statements counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event, text

from fhir_api.errors import StoreUnavailable, VersionConflict
from fhir_api.store.feed import feed_query
from fhir_api.store.records import FeedPosition, Written
from fhir_api.store.repository import ATTEMPTS, ResourceStore
from fhir_api.store.unit import UnitOfWork
from privacy.records import CleanResource


def clean(id_: str, patient_id: str | None = "p1ann", **body: Any) -> CleanResource:
    content = {"resourceType": "Observation", "id": id_, **body}
    return CleanResource("Observation", id_, patient_id, content, (f"i1{id_}",))


@pytest.fixture
def store(engine: Engine) -> ResourceStore:
    return ResourceStore(engine, "site", "policy-1")


def feed(engine: Engine, since: int, until: int) -> list[tuple[str, int]]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(feed_query("site", since, until)).mappings().all()
    return sorted((row["resource_id"], row["version"]) for row in rows)


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


def test_versions_count_up_and_replays_change_nothing(store: ResourceStore) -> None:
    first = store.write([clean("a", value=1)])
    replay = store.write([clean("a", value=1)])
    change = store.write([clean("a", value=2)])

    assert first == [Written(1, "created")]
    assert replay == [Written(1, "unchanged")]
    assert change == [Written(2, "updated")]


def test_what_is_read_is_what_was_written(store: ResourceStore) -> None:
    body = {
        "value": Decimal("1.10"),
        "text": 'a\\b\t"c"\né\U0001f600',
        "none": None,
        "list": [1, True],
    }
    store.write([clean("a", **body)])

    read = store.read("Observation", "a")

    assert read is not None
    assert read.body == clean("a", **body).body
    assert str(read.body["value"]) == "1.10"
    assert read.recorded_at.utcoffset() is not None


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None
)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_any_text_survives_the_store(store: ResourceStore, value: str) -> None:
    store.write([clean("a", value=value)])

    read = store.read("Observation", "a")

    assert read is not None
    assert read.body["value"] == value


def test_a_write_is_all_or_nothing(store: ResourceStore, engine: Engine) -> None:
    def broken(unit: UnitOfWork) -> None:
        unit.write([clean("a")])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.run(broken)

    assert store.read("Observation", "a") is None
    assert feed(engine, 0, store.watermark()) == []


def test_one_resource_twice_in_a_write_is_our_own_mistake(store: ResourceStore) -> None:
    with pytest.raises(ValueError, match="given twice"):
        store.write([clean("a"), clean("a")])


def test_statements_do_not_grow_with_the_resources(
    store: ResourceStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([clean(str(number), old=True) for number in range(5)])
    numbers = []
    for size in (10, 1000):
        with counted(engine, monkeypatch) as sent:
            store.write([clean(str(number), size=size) for number in range(size)])
            numbers.append(len(sent))

    assert numbers[0] == numbers[1] <= 10


def test_an_identifier_finds_its_resource_until_it_is_gone(store: ResourceStore) -> None:
    store.write([clean("a"), clean("b")])
    without = CleanResource("Observation", "a", "p1ann", {"changed": True}, ())
    store.write([without])

    wanted = [("Observation", "i1a"), ("Observation", "i1b"), ("Patient", "i1b")]

    assert store.find_by_tokens(wanted) == {("Observation", "i1b"): ["b"]}


def test_a_deletion_is_the_newest_version(store: ResourceStore) -> None:
    store.write([clean("a")])
    assert store.run(lambda unit: unit.delete([("Observation", "a"), ("Observation", "z")])) == [
        Written(2, "updated"),
        Written(0, "unchanged"),
    ]

    assert store.patient_resources("p1ann") == []
    assert [each.deleted for each in store.patient_resources("p1ann", FeedPosition(0))] == [True]
    assert store.write([clean("a")]) == [Written(3, "updated")]


def test_a_patient_has_the_newest_of_each_resource(store: ResourceStore) -> None:
    store.write([clean("a", value=1), clean("b"), clean("other", "p1bob"), clean("no", None)])
    store.write([clean("a", value=2)])

    found = store.patient_resources("p1ann", types={"Observation"})

    assert [(each.resource_id, each.version) for each in found] == [("b", 1), ("a", 2)]
    assert store.patient_resources("p1ann", types={"Encounter"}) == []


def test_a_reader_gets_what_came_after_its_position(store: ResourceStore) -> None:
    store.write([clean("a"), clean("b")])
    position = FeedPosition(store.watermark())
    store.write([clean("b", changed=True)])

    found = store.patient_resources("p1ann", position)

    assert [(each.resource_id, each.version) for each in found] == [("b", 2)]


def test_the_feed_hides_what_may_still_be_rolled_back(store: ResourceStore, engine: Engine) -> None:
    with engine.begin() as slow:
        UnitOfWork(slow, "site", "policy-1").write([clean("slow")])
        store.write([clean("fast")])
        seen = store.watermark()
        early = feed(engine, 0, seen)
    late = feed(engine, seen, store.watermark())

    assert early == []
    assert late == [("fast", 1), ("slow", 1)]


def test_steps_of_the_feed_add_up_to_the_whole(store: ResourceStore, engine: Engine) -> None:
    marks = [0]
    state: dict[str, int] = {}
    for ids in (["a", "b"], ["b"], ["c", "a"]):
        store.write([clean(id_, step=len(marks)) for id_ in ids])
        marks.append(store.watermark())
        state |= dict(feed(engine, marks[-2], marks[-1]))

    assert sorted(state.items()) == feed(engine, 0, marks[-1])
    assert feed(engine, 0, marks[1]) == [("a", 1), ("b", 1)]


def test_no_site_sees_another(store: ResourceStore, engine: Engine) -> None:
    store.write([clean("a")])
    other = ResourceStore(engine, "other'; --", "policy-1")

    assert other.read("Observation", "a") is None
    assert other.patient_resources("p1ann") == []
    assert other.find_by_tokens([("Observation", "i1a")]) == {}
    with engine.connect() as connection:
        query = feed_query("other'; --", 0, store.watermark())
        assert connection.exec_driver_sql(query).all() == []


def test_work_is_done_again_when_another_writer_was_first(store: ResourceStore) -> None:
    attempts = []

    def race(unit: UnitOfWork) -> list[Written]:
        heads = unit.lock_heads([("Observation", "a")])
        attempts.append(len(heads))
        if not heads:
            store.write([clean("a", by="the other")])
        return unit.write([clean("a", by="us")]) if heads else fail_like_a_race()

    def fail_like_a_race() -> list[Written]:
        raise psycopg.errors.UniqueViolation

    assert store.run(race) == [Written(2, "updated")]
    assert attempts == [0, 1]


def test_endless_conflicts_end_in_a_409(store: ResourceStore) -> None:
    tried = []

    def hopeless(_unit: UnitOfWork) -> None:
        tried.append(1)
        raise psycopg.errors.SerializationFailure

    with pytest.raises(VersionConflict):
        store.run(hopeless)
    assert len(tried) == ATTEMPTS


def test_a_database_that_is_away_is_a_503_and_no_accident() -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(StoreUnavailable):
        ResourceStore(nowhere, "site", "policy-1").write([clean("a")])
    with pytest.raises(StoreUnavailable):
        ResourceStore(nowhere, "site", "policy-1").read("Observation", "a")


def test_reading_a_patient_uses_an_index(store: ResourceStore, engine: Engine) -> None:
    store.write([clean(str(number), f"p1{number % 50}") for number in range(3000)])
    query = "SELECT 1 FROM resource_version WHERE site = 'site' AND patient_id = 'p17'"

    with engine.connect() as connection:
        connection.execute(text("ANALYZE resource_version"))
        plan = connection.execute(text(f"EXPLAIN {query}")).scalars().all()

    assert not any("Seq Scan" in line for line in plan)
