"""A database with resources takes the index: heads get numbers and times."""

from alembic import command
from sqlalchemy import Engine, inspect, text

from fhir_api.search.index.reindex import reindex
from fhir_api.store.migrate import configuration, migrate
from fhir_api.store.repository import ResourceStore
from tests.support.index import stored_values

HEADS = """
    INSERT INTO resource_head (site, resource_type, resource_id, version, deleted, digest)
    VALUES ('site', 'Encounter', 'a', 2, false, ''), ('site', 'Encounter', 'b', 1, true, '')
"""
VERSIONS = """
    INSERT INTO resource_version (site, resource_type, resource_id, version, deleted, digest,
                                  patient_bucket, policy, body, recorded_at)
    VALUES ('site', 'Encounter', 'a', 1, false, '', 0, 'p', '{"status": "planned"}', '2024-01-01'),
           ('site', 'Encounter', 'a', 2, false, '', 0, 'p', '{"status": "finished"}', '2024-02-01'),
           ('site', 'Encounter', 'b', 1, true, '', 0, 'p', NULL, '2024-03-01')
"""
AFTER = "SELECT resource_id, number, recorded_at::date::text, indexed FROM resource_head ORDER BY 1"


def downgraded(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        command.downgrade(configuration(connection), revision)


def test_heads_that_were_there_get_numbers_and_times(engine: Engine) -> None:
    downgraded(engine, "0004")
    with engine.begin() as connection:
        for statement in (HEADS, VERSIONS):
            connection.execute(text(statement))
    migrate(engine)

    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(text(AFTER))]

    assert [(id_, day, indexed) for id_, _, day, indexed in rows] == [
        ("a", "2024-02-01", 0),
        ("b", "2024-03-01", 0),
    ]
    assert len({number for _, number, *_ in rows}) == 2
    assert reindex(ResourceStore(engine, "site", "p")) == 2
    assert stored_values(engine, "site") == {("Encounter", "a"): {("status", "finished")}}


def test_new_numbers_go_on_after_those_of_old_heads(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text(HEADS))
        last = connection.execute(text("SELECT max(number) FROM resource_head")).scalar_one()
        following = connection.execute(text("SELECT nextval('resource_head_number')")).scalar_one()

    assert following > last


def test_the_planner_knows_how_often_a_code_stands_in_its_lane(engine: Engine) -> None:
    rows = """INSERT INTO search_value (resource, lane, place, code)
        SELECT n, n % 10, 0, 'code ' || n % 10 FROM generate_series(1, 5000) n"""
    with engine.begin() as connection:
        connection.execute(text(rows))
        connection.execute(text("ANALYZE search_value"))
        query = "EXPLAIN SELECT FROM search_value WHERE lane = 3 AND code = 'code 3'"
        plan = str(connection.execute(text(query)).scalars().first())

    assert "rows=500 " in plan  # 50, were they thought independent


def test_the_index_can_be_taken_back(engine: Engine) -> None:
    downgraded(engine, "0004")

    tables = set(inspect(engine).get_table_names())
    columns = {column["name"] for column in inspect(engine).get_columns("resource_head")}
    migrate(engine)

    assert "search_value" not in tables
    assert not {"number", "recorded_at", "indexed"} & columns
