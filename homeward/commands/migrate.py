"""`homeward migrate`: bring the database to the newest schema."""

import typer

from homeward.house import open_house


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(migrate)


def migrate() -> None:
    """Create or upgrade the tables. Every other command does this by itself.

    Example: HOMEWARD_DATABASE_URL=postgresql+psycopg://… homeward migrate
    """
    with open_house() as house:
        house.engine.dispose()
    typer.echo("The database has the newest schema.", err=True)
