"""Writers at the same moment, conflicts, and a crash half-way: TX21 to TX23."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from fhir_api.errors import VersionConflict
from fhir_api.ingest.results import Stored
from tests.support.fhir import (
    bundle,
    client,
    observation,
    organization,
    patient,
    post,
    put,
    serving,
    stored,
)
from tests.support.transactions import (
    BY_IDENTIFIER,
    commits_that_fail,
    delete,
    put_where,
    send,
    transact,
)

AT_ONCE = 64
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def many(engine: Engine) -> Iterator[Engine]:
    """An engine with many connections; the tables are empty."""
    made = create_engine(engine.url, pool_size=32, max_overflow=0, pool_timeout=120)
    yield made
    made.dispose()


def at_once(engine: Engine, *entries: Any, times: int = AT_ONCE) -> Counter[str]:
    """Statuses of the last entry of a transaction sent by many at the same moment."""
    taking = serving(engine)

    def write(number: int) -> str:
        sent = bundle("transaction", *entries)
        sent["identifier"] = {"value": str(number)}  # or all would be the same Bundle
        result = taking.transaction(sent)[-1]
        assert isinstance(result, Stored)
        return result.status[:3]

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(write, range(times)))


@pytest.mark.parametrize("query", [BY_IDENTIFIER, f"active=true&{BY_IDENTIFIER}", "active=true"])
def test_tx22_of_64_equal_conditional_creates_one_creates(many: Engine, query: str) -> None:
    assert at_once(many, post(organization("77"), ifNoneExist=query)) == {"201": 1, "200": 63}
    assert stored(many) == [("Organization", 1)]


def test_tx22_it_does_not_matter_how_the_same_is_asked(many: Engine) -> None:
    taking = serving(many)
    asked = [BY_IDENTIFIER, f"active=true&{BY_IDENTIFIER}", f"{BY_IDENTIFIER}&active=true"]

    def write(number: int) -> None:
        sent = post(organization("77", name=str(number)), ifNoneExist=asked[number % 3])
        taking.transaction(bundle("transaction", sent))

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(write, range(24)))

    assert stored(many) == [("Organization", 1)]


def test_of_64_equal_conditional_updates_one_creates(many: Engine) -> None:
    assert at_once(many, put_where(organization("77"), BY_IDENTIFIER)) == {"201": 1, "200": 63}
    assert stored(many) == [("Organization", 1)]


def test_of_64_creates_on_their_own_with_the_same_header_one_creates(many: Engine) -> None:
    http = client(many)
    headers = {"if-none-exist": BY_IDENTIFIER}

    def write(_number: int) -> int:
        return http.post("/fhir/Organization", json=organization("77"), headers=headers).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert Counter(pool.map(write, range(AT_ONCE))) == {201: 1, 200: 63}


def test_tx23_transactions_that_touch_the_same_rows_in_opposite_order_end_well(
    many: Engine,
) -> None:
    http = client(many)
    ids = [f"o{number}" for number in range(8)]
    transact(http, *(put(organization("1", id=each)) for each in ids))

    def write(number: int) -> int:
        order = ids if number % 2 else ids[::-1]
        changed = [put(organization(str(number), id=each)) for each in order[:-1]]
        return int(
            send(http, "transaction", *changed, delete(f"Organization/{order[-1]}")).status_code
        )

    with ThreadPoolExecutor(16) as pool:
        answers = Counter(pool.map(write, range(48)))

    assert answers == {200: 48}


@pytest.mark.parametrize("state", ["40001", "40P01", "23505"])
@pytest.mark.parametrize(
    "entries",
    [
        [post(patient()), post(observation("Patient/a"))],
        [post(organization("77"), ifNoneExist=BY_IDENTIFIER)],
        [put_where(organization("77"), BY_IDENTIFIER)],
        [post(patient(managingOrganization={"reference": "Organization?active=false"})),
         put(organization("1", id="o", active=False))],
    ],
)  # fmt: skip
def test_a_commit_that_fails_at_first_is_done_again_from_the_beginning(
    engine: Engine, state: str, entries: list[Any]
) -> None:
    http = client(engine)

    with commits_that_fail(engine, 3, state):
        answers = transact(http, *entries)

    assert {each["response"]["status"] for each in answers} == {"201 Created"}
    for each in answers:
        assert http.get(f"/fhir/{each['response']['location']}").status_code == 200
    assert len(stored(engine)) == len(entries)


def test_a_batch_that_conflicts_at_first_is_answered_as_if_it_had_not(engine: Engine) -> None:
    http = client(engine)

    with commits_that_fail(engine, 2, "40001"):
        answer = send(http, "batch", post(patient()), post(observation("Patient/a", status="no")))

    assert [each["response"]["status"][:3] for each in answer.json()["entry"]] == ["201", "422"]
    assert stored(engine) == [("Patient", 1)]


def test_a_conflict_that_does_not_end_is_a_409_and_nothing_is_stored(engine: Engine) -> None:
    with commits_that_fail(engine, 1000, "40001"):
        answer = send(client(engine), "transaction", post(patient()))
        with pytest.raises(VersionConflict):
            serving(engine).transaction(bundle("transaction", post(patient())))

    assert answer.status_code == 409
    assert stored(engine) == []


def test_tx21_a_kill_in_the_middle_of_a_transaction_leaves_nothing(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "bundle.json"
    entries = [post(observation("Patient/a")) for _ in range(300)]
    file.write_text(json.dumps(bundle("transaction", post(patient()), *entries)))
    command = [sys.executable, "-m", "tests.support.killable_transaction", database_url, str(file)]

    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    process.kill()
    process.communicate()

    with engine.connect() as connection:
        for table in ("resource_version", "resource_head", "vault_name", "search_value"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0
