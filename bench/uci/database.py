"""A database of the benchmark's own, empty at the start of every run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from homeward.embedded.postgres import EmbeddedPostgres

NAME = "uci"


@contextmanager
def fresh_database(folder: Path) -> Iterator[str]:
    """URL of an empty database on an embedded server over `folder`, stopped when the block ends.

    The server is kept between runs, and the database of the run before is dropped; so nothing of
    an earlier run is found again, however it ended.
    """
    server = EmbeddedPostgres(folder)
    address = make_url(server.url())
    try:
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"drop database if exists {NAME} with (force)".encode())
            connection.execute(f"create database {NAME}".encode())
        yield address.set(database=NAME).render_as_string(hide_password=False)
    finally:
        server.leave()
