"""`homeward evaluate`: judge a registered model on a snapshot."""

import json
from typing import Annotated, Literal

import typer

from homeward.house import open_house


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(evaluate)


def evaluate(
    version: Annotated[str | None, typer.Option(help="A version; default the champion.")] = None,
    snapshot: Annotated[str, typer.Option(help="Snapshot to judge on.")] = "current",
    part: Annotated[str, typer.Option(help="train, valid, test or all: which patients.")] = "test",
) -> None:
    """Every metric of a model with its interval, on the labelled discharges of a snapshot.

    Example: homeward evaluate --part test
    """
    from etl.snapshots import snapshot_path
    from model import evaluate as judge
    from model import registry

    with open_house() as house:
        site = house.settings.site
        found = (
            registry.find(house.engine, site, version)
            if version
            else registry.resolve(house.engine, site)
        )
        folder = snapshot_path(house.settings.home, snapshot)
    judged = judge.evaluate(found.path, folder, checked(part))
    metrics = {name: estimate.as_json() for name, estimate in judged.metrics.items()}
    told = {"version": judged.version, "part": part, "rows": len(judged.labels), **metrics}
    typer.echo(json.dumps(told, indent=2))


Which = Literal["train", "valid", "test", "all"]


def checked(part: str) -> Which:
    """The part, if it is one."""
    if part not in ("train", "valid", "test", "all"):
        raise typer.BadParameter("must be train, valid, test or all", param_hint="--part")
    return part  # type: ignore[return-value]  # one of the four
