"""`homeward score`: batch scoring of a snapshot to Parquet."""

from pathlib import Path
from typing import Annotated

import typer

from homeward.house import open_house


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(score)


def score(
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    snapshot: Annotated[str, typer.Option(help="Snapshot to score.")] = "current",
) -> None:
    """Score every index discharge of a snapshot with the champion.

    Columns: patient_id, encounter_id, as_of, probability, model_version; ids are pseudonyms.

    Example: homeward score --out scores.parquet
    """
    import pyarrow.parquet as pq

    from etl.snapshots import snapshot_path
    from model import registry
    from model.batch import scores

    with open_house() as house:
        found = registry.resolve(house.engine, house.settings.site)
        folder = snapshot_path(house.settings.home, snapshot)
    table = scores(found.path, folder)
    pq.write_table(table, out)
    typer.echo(f"{table.num_rows} discharges scored by {found.version}: {out}")
