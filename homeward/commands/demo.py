"""`homeward demo`: the whole way, from patients to a card, its outcome and a report."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from homeward.demo.run import DemoOptions, DemoResult


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(demo)


def demo(
    data: Annotated[Path | None, typer.Option(help="Your own FHIR files.", exists=True)] = None,
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path("out/demo"),
    patients: Annotated[int, typer.Option(min=200, help="Patients to simulate.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of the simulated hospital.")] = 1,
) -> None:
    """Simulate (or take your files), ingest, train, serve, call the hook, follow up, report.

    Example: homeward demo --data exports/
    """
    from homeward.demo.run import DemoOptions, run_demo

    options = DemoOptions(out=out, data=data, patients=patients, seed=seed)
    tell(options, run_demo(options))


def tell(options: "DemoOptions", result: "DemoResult") -> None:
    """Write the report and the summary, and show the card and one screen of figures."""
    from homeward.demo.card_view import print_card
    from homeward.demo.report import shown_card, write_report
    from homeward.demo.risk_over_time import risk_over_time
    from homeward.demo.run import demo_house
    from homeward.demo.summary import screen, summary

    told, shown = summary(result), shown_card(result)
    with demo_house(options, result.source.later_until) as house:
        points = risk_over_time(house, shown.call.patient)
    write_report(result, told, points, options.out / "demo-report.html")
    (options.out / "summary.json").write_text(json.dumps(told, indent=2) + "\n")
    print_card(shown.card)
    typer.echo(result.monitoring)
    typer.echo(screen(told, options.out))
