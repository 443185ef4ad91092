"""Bring a database to the newest schema, from code and not from a shell."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
MIGRATION_LOCK = 0x686F6D65  # "home"; one number for all who migrate the same database


class MigrationsNotFound(Exception):
    """The folder of migrations is not beside the packages."""

    def __init__(self) -> None:
        super().__init__(
            f"No migrations in {MIGRATIONS}. Run from a checkout of the repository, "
            "or migrate there and point this installation at the database."
        )


def migrate(engine: Engine) -> None:
    """Upgrade the database of `engine` to the newest revision, in one transaction.

    Several processes may call it at once: an advisory lock lets one work, the others find it done.
    Raises MigrationsNotFound when `alembic/` is not beside the packages.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration over an open connection."""
    if not (MIGRATIONS / "env.py").exists():
        raise MigrationsNotFound
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
