"""One statement as the driver has it: prepared by the server, committed by itself, in one trip.

What every request asks is asked this way, since SQLAlchemy takes three times the processor for the
same rows. Connections are those of its pool.
https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Engine

if TYPE_CHECKING:
    from psycopg import Connection

Row = tuple[Any, ...]


def ask(engine: Engine, statement: str, given: Mapping[str, Any]) -> list[Row]:
    """The rows of a statement; `%(name)s` in it stands for what is given by that name.

    Raises psycopg.Error.
    """
    with driver(engine) as connection:
        return connection.execute(statement, given, prepare=True).fetchall()


def tell(engine: Engine, statement: str, given: Mapping[str, Any]) -> None:
    """Carry out a statement that has no rows. Raises psycopg.Error."""
    with driver(engine) as connection:
        connection.execute(statement, given, prepare=True)


@contextmanager
def driver(engine: Engine) -> "Iterator[Connection[Row]]":
    """A connection of the pool that commits each statement; not used again after an error."""
    pooled = engine.pool.connect()
    try:
        connection = cast("Connection[Row]", pooled.driver_connection)
        connection.autocommit = True
        yield connection
        connection.autocommit = False
    except BaseException:
        pooled.invalidate()
        raise
    finally:
        pooled.close()
