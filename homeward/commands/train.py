"""`homeward train`: fit the readmission network and compare it with the baselines."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.encoder import encoder_folder
from homeward.house import House, open_house
from homeward.progress import say

if TYPE_CHECKING:
    from model.options import TrainOptions


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(train)


def train(
    snapshot: Annotated[str, typer.Option(help="Snapshot to learn from.")] = "current",
    seed: Annotated[int, typer.Option(help="Of weights, batches and bootstrap.")] = 0,
    epochs: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    members: Annotated[int, typer.Option(min=1, help="Networks that are averaged.")] = 1,
    note_encoder: Annotated[
        Path | None, typer.Option(help="The encoder that made the snapshot's note vectors.")
    ] = None,
) -> None:
    """Train on a snapshot, compare with LACE, regression and boosting, and register the version.

    Prints the report; `homeward models promote VERSION` puts the model into service.

    Example: homeward train --members 3
    """
    from model.options import TrainOptions

    with open_house() as house:
        folder = encoder_folder(house, note_encoder)
        options = TrainOptions(
            seed=seed,
            members=members,
            note_encoder=folder,
            epochs=epochs or TrainOptions().epochs,
            threads=os.cpu_count() or 1,
        )
        version, artefact = run(house, options, snapshot)
    typer.echo((artefact / "report.md").read_text())
    typer.echo(f"Registered as {version}. Into service: homeward models promote {version}")


def run(house: House, options: "TrainOptions", snapshot: str = "current") -> tuple[str, Path]:
    """Train on a snapshot of the house and register what comes out: its version and directory."""
    from homeward.backend import choose_backend

    choose_backend()
    from etl.snapshots import snapshot_path
    from model.registry import register as register_version
    from model.train import train as train_model

    models = house.settings.home / "models"
    out = models / f"{house.now():%Y%m%dT%H%M%S}"
    artefact = train_model(snapshot_path(house.settings.home, snapshot), out, options, say)
    version = register_version(house.engine, house.settings.site, artefact, house.now())
    return version, artefact
