"""The change feed, version by version: nothing missed, nothing twice, never an order that changes.

Writers are transactions of their own that begin, write, commit and roll back in any order.
"""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from fhir_api.store.feed import Change, any_newer, changes, versions, watermark
from fhir_api.store.records import FeedPosition
from tests.support.subscriptions import settle

START = FeedPosition(0)
INSERT = text("""
    INSERT INTO resource_version (site, resource_type, resource_id, version, patient_bucket,
                                  deleted, digest, policy, body)
    VALUES (:site, :type, :id, :version, 0, :deleted, '', 'policy-1', cast(:body AS jsonb))
""")
MANY = text("""
    INSERT INTO resource_version (site, resource_type, resource_id, version, patient_bucket,
                                  deleted, digest, policy, body)
    SELECT :site, 'Observation', number::text, 1, 0, false, '', 'policy-1', '{}'
    FROM generate_series(1, 5000) AS number
""")
SITES = iter(f"site-{number}" for number in range(10**6))
WRITERS = 4
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["write", "commit", "roll back"]), st.integers(0, WRITERS - 1)),
        st.tuples(st.just("read"), st.integers(1, 5)),
    ),
    max_size=40,
)


def insert(
    connection: Connection,
    id_: str,
    site: str = "site",
    kind: str = "Observation",
    version: int = 1,
    body: str | None = "{}",
) -> None:
    given = {"site": site, "type": kind, "id": id_, "version": version}
    connection.execute(INSERT, given | {"deleted": body is None, "body": body})


class Reader:
    """Reads on from where it was, and remembers all it was shown."""

    def __init__(self, engine: Engine, site: str) -> None:
        self.engine = engine
        self.site = site
        self.shown: list[Change] = []

    def read(self, limit: int) -> int:
        after = self.shown[-1].position if self.shown else START
        found = changes(self.engine, self.site, after, limit=limit)
        self.shown += found
        return len(found)

    @property
    def ids(self) -> list[str]:
        return [change.resource_id for change in self.shown]


class Writers:
    """Transactions side by side; what each has committed is kept as the oracle."""

    def __init__(self, engine: Engine, site: str) -> None:
        self.engine = engine
        self.site = site
        self.open: dict[int, tuple[Connection, list[str]]] = {}
        self.committed: list[str] = []
        self.count = 0

    def write(self, writer: int) -> None:
        if writer not in self.open:
            self.open[writer] = (self.engine.connect(), [])
        connection, ids = self.open[writer]
        self.count += 1
        ids.append(f"r{self.count}")
        insert(connection, ids[-1], self.site)

    def end(self, writer: int, *, commit: bool) -> None:
        if writer not in self.open:
            return
        connection, ids = self.open.pop(writer)
        if commit:
            connection.commit()
            self.committed += ids
        connection.close()


@pytest.fixture
def long_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that wrote something and is still open."""
    with engine.connect() as connection:
        insert(connection, "slow")
        yield connection


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_whatever_the_writers_do_a_reader_sees_each_committed_row_once_in_one_order(
    engine: Engine, actions: list[tuple[str, int]]
) -> None:
    site = next(SITES)
    writers, reader = Writers(engine, site), Reader(engine, site)
    for action, number in actions:
        if action == "write":
            writers.write(number)
        elif action == "read":
            reader.read(number)
        else:
            writers.end(number, commit=action == "commit")
    for writer in list(writers.open):
        writers.end(writer, commit=True)
    settle(engine)
    while reader.read(3):
        pass

    assert sorted(reader.ids) == sorted(writers.committed)
    positions = [(each.position.transaction_id, each.position.seq) for each in reader.shown]
    assert positions == sorted(set(positions))
    assert reader.shown == changes(engine, site, START)


def test_threads_that_write_at_once_are_read_without_gap(engine: Engine) -> None:
    reader = Reader(engine, "site")

    def write(writer: int) -> None:
        for number in range(20):
            with engine.connect() as connection:
                insert(connection, f"{writer}-{number}")
                insert(connection, f"{writer}-{number}-too")
                if number % 3:
                    connection.commit()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        reader.read(7)
    settle(engine)
    while reader.read(7):
        pass

    wanted = {f"{w}-{n}{end}" for w in range(4) for n in range(20) if n % 3 for end in ("", "-too")}
    assert sorted(reader.ids) == sorted(wanted)
    assert [each.position for each in changes(engine, "site", START)] == [
        each.position for each in reader.shown
    ]


def test_what_is_committed_behind_a_long_transaction_waits_for_it(
    engine: Engine, long_transaction: Connection
) -> None:
    with engine.begin() as fast:
        insert(fast, "fast")
    early = changes(engine, "site", START)
    long_transaction.commit()
    settle(engine)

    assert early == []
    assert [each.resource_id for each in changes(engine, "site", START)] == ["slow", "fast"]


def test_what_is_rolled_back_never_comes(engine: Engine, long_transaction: Connection) -> None:
    long_transaction.rollback()
    settle(engine)

    assert changes(engine, "site", START) == []
    assert not any_newer(engine, "site", START)


def test_a_reader_may_stop_inside_a_transaction(engine: Engine) -> None:
    with engine.begin() as connection:
        for id_ in "abc":
            insert(connection, id_)
    settle(engine)

    first = changes(engine, "site", START, limit=2)
    rest = changes(engine, "site", first[-1].position, limit=2)

    assert [each.resource_id for each in (*first, *rest)] == ["a", "b", "c"]
    assert first[0].position.transaction_id == rest[0].position.transaction_id


def test_a_reader_may_ask_for_types_and_for_an_end(engine: Engine) -> None:
    for id_, kind in (("a", "Observation"), ("b", "Encounter"), ("c", "Encounter")):
        with engine.begin() as connection:
            insert(connection, id_, kind=kind)
    settle(engine)
    every = changes(engine, "site", START)

    stays = changes(engine, "site", START, types={"Encounter"})
    early = changes(engine, "site", START, until=every[2].position)

    assert [each.resource_id for each in stays] == ["b", "c"]
    assert [each.resource_id for each in early] == ["a", "b"]


def test_every_version_comes_and_a_deletion_has_no_body(engine: Engine) -> None:
    bodies: list[str | None] = ['{"value": 1.10}', None]
    for version, body in enumerate(bodies, 1):
        with engine.begin() as connection:
            insert(connection, "a", version=version, body=body)
    settle(engine)

    found = changes(engine, "site", START)

    assert [each.version for each in found] == [1, 2]
    assert [each.body is None for each in found] == [False, True]
    assert str((found[0].body or {})["value"]) == "1.10"


def test_no_site_sees_the_changes_of_another(engine: Engine) -> None:
    with engine.begin() as connection:
        insert(connection, "a", "north")
    settle(engine)

    assert changes(engine, "south", START) == []
    assert not any_newer(engine, "south", START)
    assert any_newer(engine, "north", START)
    assert versions(engine, "south", [("Observation", "a", 1)]) == {}


def test_everything_has_been_read_at_the_watermark(engine: Engine) -> None:
    with engine.begin() as connection:
        insert(connection, "a")
    settle(engine)
    mark = watermark(engine)
    with engine.begin() as connection:
        insert(connection, "b")
    settle(engine)

    assert [each.resource_id for each in changes(engine, "site", mark)] == ["b"]


def test_versions_are_found_by_their_keys(engine: Engine) -> None:
    with engine.begin() as connection:
        insert(connection, "a", body='{"first": true}')
        insert(connection, "a", version=2, body=None)

    found = versions(engine, "site", [("Observation", "a", n) for n in (1, 2, 3)])

    assert {key[2]: (each.body, each.deleted) for key, each in found.items()} == {
        1: ({"first": True}, False),
        2: ({}, True),
    }
    assert versions(engine, "site", []) == {}


def test_reading_on_uses_an_index(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(MANY, {"site": "site"})
    settle(engine)
    plan = explained(engine, watermark(engine))

    assert "ix_resource_version_site_transaction_id" in plan
    assert "Seq Scan" not in plan


def explained(engine: Engine, after: FeedPosition) -> str:
    from fhir_api.store.feed import CHANGES, bounds

    given: dict[str, Any] = bounds("site", after) | {"until": None, "types": None, "limit": 10}
    with engine.connect() as connection:
        connection.execute(text("ANALYZE resource_version"))
        lines = connection.execute(text(f"EXPLAIN {CHANGES.text}"), given).scalars()
        return "\n".join(lines)
