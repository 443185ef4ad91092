"""Resources stored before there was an index are indexed later, while others write."""

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, text

from fhir_api.search.index import reindex as reindexing
from fhir_api.search.index.reindex import index_anew, reindex
from fhir_api.store.repository import ResourceStore
from privacy.records import CleanResource
from tests.support.index import stored_values

A = ("Encounter", "a")
REFERENCE_TOKENS = (("subject:identifier", "i1x"),)


def clean(id_: str, status: str = "planned") -> CleanResource:
    body = {"resourceType": "Encounter", "id": id_, "status": status}
    return CleanResource("Encounter", id_, None, body, (f"i1{id_}",), {}, REFERENCE_TOKENS)


@pytest.fixture
def store(engine: Engine) -> ResourceStore:
    return ResourceStore(engine, "site", "policy-1")


def forget(engine: Engine, *but: str) -> None:
    """As if everything had been written before there was an index."""
    with engine.begin() as connection:
        connection.execute(
            text("DELETE FROM search_value WHERE code <> ALL(:but)"), {"but": list(but)}
        )
        connection.execute(text("UPDATE resource_head SET indexed = 0"))


def test_what_was_stored_before_is_found_afterwards(store: ResourceStore, engine: Engine) -> None:
    store.write([clean(id_) for id_ in "abc"])
    before = stored_values(engine, "site")
    forget(engine, "i1x")

    assert reindex(store, batch=2) == 3
    assert stored_values(engine, "site") == before  # tokens of references are kept


def test_a_second_run_finds_nothing_to_do(store: ResourceStore, engine: Engine) -> None:
    store.write([clean(id_) for id_ in "abc"])
    assert reindex(store) == 0

    forget(engine)

    assert (reindex(store), reindex(store)) == (3, 0)


def test_a_run_that_was_killed_goes_on_where_it_stopped(
    store: ResourceStore, engine: Engine
) -> None:
    store.write([clean(id_) for id_ in "abcde"])
    forget(engine)

    def killed(done: int) -> None:
        raise KeyboardInterrupt(done)

    with pytest.raises(KeyboardInterrupt):
        reindex(store, batch=2, on_progress=killed)

    assert reindex(store, batch=2) == 3


def test_old_rows_are_replaced_when_the_rules_change(
    store: ResourceStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write([clean("a")])
    before = stored_values(engine, "site")

    monkeypatch.setattr(reindexing, "EDITION", reindexing.EDITION + 1)

    assert reindex(store) == 1
    assert stored_values(engine, "site") == before


def test_identifiers_in_two_places_are_found_once(store: ResourceStore, engine: Engine) -> None:
    body = {"resourceType": "DocumentReference", "id": "d"}
    tokens = (("identifier", "i1master"),)
    store.write([CleanResource("DocumentReference", "d", None, body, ("i1own",), {}, tokens)])
    for _ in range(2):
        with engine.begin() as connection:
            connection.execute(text("UPDATE resource_head SET indexed = 0"))
        reindex(store)

    with engine.connect() as connection:
        found = connection.execute(text("SELECT code FROM search_value ORDER BY code")).scalars()
        assert found.all() == ["i1master", "i1own"]


def test_deleted_resources_and_other_sites_are_left_alone(engine: Engine) -> None:
    north, south = (ResourceStore(engine, site, "policy-1") for site in ("north", "south"))
    for site in (north, south):
        site.write([clean("a"), clean("b")])
    south.run(lambda unit: unit.delete([A]))
    forget(engine, "i1x")

    assert reindex(south) == 2
    assert set(stored_values(engine, "south")) == {("Encounter", "b")}
    assert stored_values(engine, "north")[A] == {("subject:identifier", "i1x")}


def test_a_resource_that_a_writer_changes_meanwhile_is_left_to_the_writer(
    store: ResourceStore, engine: Engine
) -> None:
    store.write([clean("a")])
    forget(engine)
    written, started = threading.Event(), threading.Event()
    done: list[Any] = []

    def working() -> None:
        started.wait()
        done.append(reindex(store))

    def write_slowly(unit: Any) -> None:
        unit.write([clean("a", "finished")])
        started.set()
        written.wait(0.3)  # the other waits for our lock

    thread = threading.Thread(target=working)
    thread.start()
    store.run(write_slowly)
    thread.join()

    assert done == [0]
    assert ("status", "finished") in stored_values(engine, "site")[A]
    assert ("status", "planned") not in stored_values(engine, "site")[A]


def test_what_is_no_longer_behind_is_not_done_again(store: ResourceStore, engine: Engine) -> None:
    store.write([clean("a")])
    with engine.connect() as connection:
        numbers = connection.execute(text("SELECT number FROM resource_head")).scalars().all()

    assert store.run(lambda unit: index_anew(unit, numbers)) == 0
