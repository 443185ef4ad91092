"""Pages: by the key of the last match, the same whatever is stored meanwhile, sealed."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from tests.support.instance import served
from tests.support.searching import asked, ids, kept, link, pages, person, refused, weight

SORTS = ["", "&_sort=value-quantity", "&_sort=-value-quantity,status", "&_sort=-_lastUpdated",
         "&_sort=code", "&_sort=_id", "&_sort=performer"]  # fmt: skip


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


@given(
    values=st.lists(st.integers(1, 4) | st.none(), min_size=1, max_size=9),
    added=st.lists(st.integers(0, 5), max_size=3),
    count=st.integers(1, 4),
    order=st.sampled_from(SORTS),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_match_comes_once_while_others_are_stored(
    engine: Engine, values: list[int | None], added: list[int], count: int, order: str
) -> None:
    with served(engine) as http:
        empty(engine)
        kept(http, *(weighed(f"o-{i}", value) for i, value in enumerate(values)))
        seen: list[str] = []
        for number, page in enumerate(pages(http, f"Observation?_count={count}{order}")):
            seen += ids(page)
            if number < len(added):
                kept(http, weighed(f"new-{number}", added[number]))

    assert len(seen) == len(set(seen))
    assert {each for each in seen if each.startswith("o-")} == {
        f"o-{i}" for i in range(len(values))
    }


def weighed(id_: str, value: int | None) -> dict[str, object]:
    made = weight(id_, value=value or 0)
    return made if value is not None else made | {"valueQuantity": {"unit": "kg"}}


def empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE resource_head, resource_version, search_value"))


@pytest.mark.parametrize("order", SORTS)
def test_pages_put_together_are_the_whole_in_its_order(http: TestClient, order: str) -> None:
    kept(http, *(weighed(f"o-{i}", [3, None, 1, 2, None, 2, 3][i]) for i in range(7)))

    whole = ids(asked(http, f"Observation?_count=100{order}"))
    parts = [id_ for page in pages(http, f"Observation?_count=2{order}") for id_ in ids(page)]

    assert parts == whole
    assert len(whole) == 7


def test_the_last_page_has_no_next_and_the_same_page_the_same_link(http: TestClient) -> None:
    kept(http, *(weight(f"o-{i}") for i in range(4)))

    first, last = pages(http, "Observation?_count=2")

    assert link(last, "next") == ""
    assert link(first, "next") == link(asked(http, "Observation?_count=2"), "next")


def test_a_cursor_is_opaque_and_of_one_search(http: TestClient) -> None:
    kept(http, *(weight(f"o-{i}", effectiveDateTime="2020-03-10") for i in range(4)))
    first = asked(http, "Observation?patient=ann&_sort=date&_count=2")
    cursor = link(first, "next").partition("_cursor=")[2]
    begun = "Observation?patient=ann&_sort=date&_count=2"

    assert "2019" not in cursor
    assert "begin again" in refused(http, f"Observation?_count=2&_cursor={cursor}")
    assert "begin again" in refused(http, f"Encounter?_cursor={cursor}")
    for broken in (cursor[:-2], "A" + cursor[1:], "x", "*", "", "é", "A" * 500):
        assert "begin again" in refused(http, f"{begun}&_cursor={broken or '='}")


def test_a_page_takes_the_same_statements_however_long_it_is(
    engine: Engine, http: TestClient
) -> None:
    kept(http, person("ann"), *(weight(f"o-{i}") for i in range(12)))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    counted = []

    for count in (1, 12):
        statements.clear()
        asked(http, f"Observation?_count={count}&_include=Observation:subject")
        counted.append(len([each for each in statements if "audit" not in each]))

    assert counted[0] == counted[1] <= 4
    assert not any("OFFSET" in each and "OFFSET 0" not in each for each in statements)
