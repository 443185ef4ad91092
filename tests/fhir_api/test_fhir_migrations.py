"""The migrations make exactly the tables that the models describe."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from fhir_api.store import migrate as migrations
from fhir_api.store.base import Base
from fhir_api.store.migrate import MigrationsNotFound, configuration, migrate


def test_models_and_migrations_are_equal(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "head")  # imports the tables of every floor
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_is_no_error(engine: Engine) -> None:
    migrate(engine)
    migrate(engine)

    assert "resource_version" in inspect(engine).get_table_names()


def test_every_migration_can_be_taken_back(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin() as attempt:
        command.downgrade(configuration(connection), "base")
        left = set(inspect(connection).get_table_names())
        attempt.rollback()

    assert left == {"alembic_version"}


def test_every_table_and_column_says_what_it_is_for() -> None:
    for name in ("resource_version", "resource_head", "resource_identifier"):
        table = Base.metadata.tables[name]
        assert table.comment
        assert all(column.comment for column in table.columns)


def test_a_missing_folder_of_migrations_is_told(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS / "nowhere")

    with pytest.raises(MigrationsNotFound, match="checkout"):
        migrate(engine)
