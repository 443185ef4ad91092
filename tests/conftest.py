"""Fixtures every test may use: a real Postgres, a real Spark."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, create_engine, make_url, text

from homeward.embedded.java import prepare_java
from homeward.embedded.postgres import EmbeddedPostgres

# A busy machine is no reason for a property to fail.
settings.register_profile(
    "homeward", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("homeward")

TABLES = text("""
    select quote_ident(tablename) from pg_tables
    where schemaname = 'public' and tablename <> 'alembic_version' order by 1
""")
VAR = Path(__file__).resolve().parents[1] / "var" / "tests"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server where databases may be made: your own, or the embedded one."""
    if given := os.environ.get("HOMEWARD_DATABASE_URL"):
        yield given
        return
    server = EmbeddedPostgres(VAR / "postgres")
    yield server.url()
    server.leave()


@pytest.fixture(scope="session")
def database_url(postgres_server: str) -> Iterator[str]:
    """A database of this test run alone, migrated to the newest schema, dropped at the end."""
    from fhir_api.store.migrate import migrate

    with fresh_database(postgres_server) as url:
        engine = create_engine(url)
        migrate(engine)
        engine.dispose()
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the migrated database, every table empty."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        tables = connection.execute(TABLES).scalars().all()
        assert tables
        asked = " union all ".join(f"select '{each}' where exists (select from {each})"
                                   for each in tables)  # fmt: skip
        if used := connection.execute(text(asked)).scalars().all():
            connection.execute(text("set local homeward.audit_keeper = 'on'"))  # else append-only
            connection.execute(text(f"truncate {', '.join(used)} restart identity cascade"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def spark() -> Iterator["object"]:
    """One local Spark for the whole run; two threads, UTC, no web page."""
    prepare_java(VAR)
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.memory", "1g")
        .config("spark.local.dir", str(VAR / "spark"))
        .getOrCreate()
    )
    yield session
    session.stop()


class fresh_database:  # noqa: N801 - a context manager reads as a verb
    """A new database on `server`, dropped when the block ends."""

    def __init__(self, server: str) -> None:
        self.server = make_url(server)
        self.name = f"test_{uuid.uuid4().hex[:12]}"

    def __enter__(self) -> str:
        self._administer(f'create database "{self.name}"')
        return self.server.set(database=self.name).render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        self._administer(f'drop database if exists "{self.name}" with (force)')

    def _administer(self, statement: str) -> None:
        plain = self.server.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())
