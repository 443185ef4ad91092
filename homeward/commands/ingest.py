"""`homeward ingest`: files of FHIR into the de-identified store, every resource accounted for."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from homeward.errors import WrongCall
from homeward.house import House, open_house

if TYPE_CHECKING:
    from fhir_api.ingest.report import IngestReport
    from fhir_api.ingest.run import Progress

COLUMNS = ("read", "stored", "unchanged", "rejected")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(ingest)


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or archives.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: cores.")] = None,
    notes: Annotated[
        str | None, typer.Option(help="drop, or scrub to keep notes without identifiers.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Read Bundles and NDJSON (.json .ndjson .gz .bz2 .zip, folders), de-identify and store.

    What is refused is written to HOME/rejects with its place and reason, never with a value.
    Ends with 1 when something was refused.

    Example: homeward ingest exports/hospital.json exports/patients --workers 4
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise WrongCall(f"There is no {', '.join(missing)}.")
    with open_house(notes=notes) as house:
        report = run(house, paths, workers)
    typer.echo(json.dumps(report.as_dict(), indent=2) if as_json else table(report))
    raise typer.Exit(1 if report.total.rejected else 0)


def run(house: House, paths: list[Path], workers: int | None = None) -> "IngestReport":
    """Ingest the paths into the house's store, showing progress on standard error."""
    from fhir_api.ingest.run import ingest_files
    from fhir_api.ingest.settings import IngestSettings

    house.engine.dispose()  # the schema is there; workers open their own connections
    settings = IngestSettings(
        database_url=house.database_url,
        site=house.settings.site,
        root_key=house.root_key,
        today=house.now().date(),
        notes=house.settings.notes,
        policy=house.settings.policy_file,
        workers=workers or os.cpu_count() or 1,
        vault=house.settings.vault,
        strictness=house.strictness,
    )
    rejects = house.settings.home / "rejects" / f"{house.now():%Y%m%dT%H%M%S}.ndjson"
    rejects.parent.mkdir(parents=True, exist_ok=True)
    with Shown() as shown:
        return ingest_files(paths, settings, rejects, shown)


class Shown:
    """Progress on standard error: one line rewritten on a terminal, a tenth at a time elsewhere."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.tenth = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.terminal:
            sys.stderr.write("\n")

    def __call__(self, progress: "Progress") -> None:
        """Show how far it has come."""
        line = f"{progress.done} of {progress.inputs} inputs, {progress.resources} resources"
        if self.terminal:
            sys.stderr.write(f"\r\x1b[K{line}")
        elif 10 * progress.done // progress.inputs > self.tenth:
            self.tenth = 10 * progress.done // progress.inputs
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def table(report: "IngestReport") -> str:
    """The counts by resource type, which add up: read = stored + unchanged + rejected."""
    rows = [*sorted(report.by_type.items()), ("total", report.total)]
    lines = [f"{'resource':28}" + "".join(f"{name:>12}" for name in COLUMNS)]
    lines += [
        f"{name:28}" + "".join(f"{getattr(tally, column):>12,}" for column in COLUMNS)
        for name, tally in rows
    ]
    if report.rejects:
        lines.append(f"What was refused, and why: {report.rejects}")
    return "\n".join(lines)
