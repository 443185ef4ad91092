"""`homeward features`: Spark makes events, labels, features and note vectors."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.encoder import encoder_factory
from homeward.house import House, open_house

if TYPE_CHECKING:
    from etl.snapshots import SnapshotManifest


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(features)


def features(
    master: Annotated[str | None, typer.Option(help="Spark master; default local[*].")] = None,
    full: Annotated[bool, typer.Option(help="From scratch, not only what changed.")] = False,
    note_encoder: Annotated[
        Path | None, typer.Option(help="A BERT directory; default the site's own, if fitted.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the site's data.")
    ] = None,
) -> None:
    """Bring the snapshot and the online rows up to the store; print the manifest.

    Example: homeward features --master spark://cluster:7077 --note-encoder /models/clinicalbert
    """
    with open_house(master=master, observed_until=until.date() if until else None) as house:
        manifest = run(house, full=full, note_encoder=note_encoder)
    typer.echo(json.dumps(asdict(manifest), indent=2, default=str))


def run(
    house: House, *, full: bool = False, note_encoder: Path | None = None
) -> "SnapshotManifest":
    """One features run over the house's store; the manifest of the now current snapshot."""
    from etl.jobs.job import FeatureJob
    from etl.jobs.run import run_features
    from etl.jobs.session import SparkOptions
    from homeward.embedded.java import prepare_java

    house.engine.dispose()  # the schema is there; executors open their own connections
    prepare_java(house.settings.home)
    job = FeatureJob(
        database_url=house.database_url,
        site=house.settings.site,
        home=house.settings.home,
        rules=house.rules,
        full=full,
        encoder=encoder_factory(house, note_encoder),
        observed_until=house.shifted_end,
    )
    options = SparkOptions(master=house.settings.master, home=house.settings.home)
    return run_features(job, options, house.now())
