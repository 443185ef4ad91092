"""`homeward reindex`: make search values for what was stored before this version."""

import typer

from homeward.house import open_house


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(reindex)


def reindex() -> None:
    """Bring the search index to the rules of this version. The server does so when it starts.

    What is up to date is left alone; it can be stopped and run again, while others write.

    Example: homeward reindex
    """
    from fhir_api.search.index.reindex import reindex as bring_up_to_date

    with open_house() as house:
        done = bring_up_to_date(
            house.store, on_progress=lambda count: typer.echo(f"{count:,} resources", err=True)
        )
    typer.echo(f"{done:,} resources were behind; the index is up to date.", err=True)
