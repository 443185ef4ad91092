"""`homeward monitor`: link outcomes to predictions and say how well each model version did."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeward.house import House, open_house

if TYPE_CHECKING:
    from etl.labels.index import PatientLabels
    from monitoring.outcomes import LinkReport
    from monitoring.performance import Report


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(monitor)


def monitor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    out: Annotated[Path | None, typer.Option(help="Also write the report as text here.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the site's data.")
    ] = None,
) -> None:
    """Link the outcomes that have matured, then report discrimination and calibration.

    Example: homeward monitor --json
    """
    from monitoring.rendering import as_json as report_as_json
    from monitoring.rendering import as_text

    with open_house(observed_until=until.date() if until else None) as house:
        linked, report = run(house)
    text = as_text(report)
    if out is not None:
        out.write_text(text)
    if as_json:
        told = {"linked": linked.linked, "matured": linked.matured, "changed": linked.changed}
        typer.echo(json.dumps({"outcomes": told, "report": json.loads(report_as_json(report))}))
        return
    typer.echo(
        f"{linked.linked} of {linked.predictions} predictions for stays have an outcome, "
        f"{linked.matured} of them matured; {linked.changed} changed.\n"
    )
    typer.echo(text)


def run(house: House) -> "tuple[LinkReport, Report]":
    """Link every outcome of the site, then report on its model versions."""
    from monitoring.outcomes import link
    from monitoring.performance import report

    site = house.settings.site
    linked = link(house.engine, site, lambda patient: labels_of(house, patient), house.now())
    return linked, report(house.engine, site)


def labels_of(house: House, patient_id: str) -> "PatientLabels":
    """The labels of one patient's stays, from everything stored of the patient until now."""
    from etl.events.extract import events_of
    from etl.events.table import merge
    from etl.labels.index import label_patient

    stored = house.store.patient_resources(patient_id)
    events = [event for each in stored if each.body for event in events_of(each.body)]
    return label_patient(merge([], events), house.rules_of(patient_id))
