"""`homeward simulate`: a synthetic hospital as FHIR R4 Bundles."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from homeward.progress import progress

DEFAULT_UNTIL = date(2026, 6, 30)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(simulate)


def simulate(
    out: Annotated[Path, typer.Option(help="Directory to write to; made when missing.")],
    patients: Annotated[int, typer.Option(min=1, help="How many patients.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    until: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Last day of what has happened.")
    ] = datetime(DEFAULT_UNTIL.year, DEFAULT_UNTIL.month, DEFAULT_UNTIL.day),  # noqa: DTZ001
) -> None:
    """Write a synthetic hospital: Bundles, later stays, discharges to ask about, and the truth.

    Example: homeward simulate --patients 2000 --seed 7 --out out/hospital
    """
    from homeward.simulation.simulate import Options
    from homeward.simulation.simulate import simulate as simulate_hospital

    options = Options(patients=patients, seed=seed, out=out, until=until.date())
    with progress("Simulating", patients) as advance:
        manifest = simulate_hospital(options, lambda _done, _total: advance(1))
    typer.echo(json.dumps(manifest.as_json(), indent=2))
