"""Lines of JSON from Postgres as it writes them: no resource is parsed on the way."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from psycopg import Connection as Driver
from psycopg import sql
from sqlalchemy import Engine

# No character of the body's text is one of these: jsonb shows control characters escaped.
UNQUOTED = "(FORMAT csv, DELIMITER e'\\x02', QUOTE e'\\x01')"
COPY_LINES = "COPY (SELECT line FROM ({}) AS found) TO STDOUT " + UNQUOTED


class Query(NamedTuple):
    """A SELECT with a column `line`, and what it is bound to."""

    statement: str
    given: Mapping[str, Any]


def copy_lines(engine: Engine, query: Query, write: Callable[[bytes], None]) -> str:
    """Give each line to `write`; the id of the last resource, empty when there was none."""
    last = b""
    with driver(engine) as connection, connection.cursor() as cursor:
        copying = sql.SQL(COPY_LINES.format(query.statement))
        with cursor.copy(copying, query.given) as copy:
            for line in copy:
                last = bytes(line)
                write(last)
    return str(json.loads(last)["id"]) if last else ""


def fetched(engine: Engine, query: Query) -> list[tuple[str, str]]:
    """Pseudonym and line of each row."""
    with driver(engine) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL(query.statement), query.given)
        return [(id_, line) for id_, line in cursor.fetchall()]


@contextmanager
def driver(engine: Engine) -> Iterator[Driver[Any]]:
    """The driver's own connection, for COPY; what it began is ended with the block."""
    with engine.connect() as connection:
        opened: Any = connection.connection.driver_connection
        yield opened
