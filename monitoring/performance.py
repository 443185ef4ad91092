"""How well each model version did, on the stays whose outcome is known.

One stay counts once for each version: by the last prediction before its discharge. A figure that
would rest on too few events is not given at all: an AUROC of four events is noise with decimals.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import numpy as np
from sqlalchemy import Engine, select

from model.intervals import Estimate
from monitoring.measures import MEASURES, estimates
from monitoring.tables import Outcome, Prediction

MINIMUM_EVENTS = 10  # with and without the event each; fewer give intervals too wide to act on
RESAMPLES = 500
# A chart is often closed some hours after the patient left. A score of these hours still knows next
# to nothing of what follows; a later one may know the readmission it is to foretell.
PAPERWORK = timedelta(hours=6)
WAITING = "waiting"


class Scored(NamedTuple):
    """One prediction with what is known of its outcome; the query of `report` in this order."""

    model_version: str
    patient_id: str
    encounter_id: str | None
    arm: str
    as_of: datetime
    made_at: datetime
    probability: float
    event: str | None
    discharged_at: datetime | None
    label: bool | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class VersionReport:
    """How one model version did.

    Attributes:
        model_version: Name of the artefact.
        predictions: Scores it made.
        stays: Stays it scored.
        matured: Of these, how many have a label.
        events: Of the matured, unplanned readmissions.
        outcomes: Stays by event; `waiting` has no label yet.
        arms: Predictions by arm.
        excluded: Stays the label logic excludes, by reason.
        measures: Figures by name (`monitoring.measures.MEASURES`); None: too few events.
    """

    model_version: str
    predictions: int
    stays: int
    matured: int
    events: int
    outcomes: Mapping[str, int]
    arms: Mapping[str, int]
    excluded: Mapping[str, int]
    measures: Mapping[str, Estimate | None]


@dataclass(frozen=True, slots=True)
class Report:
    """How a site's models did, and on how little or how much that rests."""

    site: str
    minimum_events: int
    versions: tuple[VersionReport, ...]


def report(
    engine: Engine,
    site: str,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    minimum_events: int = MINIMUM_EVENTS,
) -> Report:
    """Performance of every model version of the site, by name.

    Args:
        engine: Of the database that holds the ledger.
        site: The hospital.
        seed: Of the patient bootstrap; same seed, same intervals.
        resamples: Draws of the bootstrap.
        minimum_events: Stays with and without the event that a figure must rest on.
    """
    versions = []
    for version, rows in groupby(_scored(engine, site), key=lambda row: row.model_version):
        made = list(rows)
        stays = counted_stays(made)
        figures = _figures(stays, seed, resamples, minimum_events)
        versions.append(_version_report(version, made, stays, figures))
    return Report(site, minimum_events, tuple(versions))


def counted_stays(made: Iterable[Scored]) -> list[Scored]:
    """Of each stay the last prediction before its discharge; predictions outside stays fall away.

    A stay whose discharge is not known yet is counted by its newest prediction.
    """
    last: dict[tuple[str, str], Scored] = {}
    for row in sorted(made, key=lambda row: (row.as_of, row.made_at)):
        ended = row.discharged_at
        if row.encounter_id and (ended is None or row.as_of <= ended + PAPERWORK):
            last[row.patient_id, row.encounter_id] = row
    return list(last.values())


def _scored(engine: Engine, site: str) -> list[Scored]:
    prediction = [getattr(Prediction, name) for name in Scored._fields[:7]]
    outcome = [getattr(Outcome, name) for name in Scored._fields[7:]]
    statement = (
        select(*prediction, *outcome)
        .join(Outcome, Outcome.prediction_id == Prediction.id, isouter=True)
        .where(Prediction.site == site)
        .order_by(Prediction.model_version, Prediction.made_at, Prediction.id)
    )
    with engine.connect() as connection:
        return [Scored(*row) for row in connection.execute(statement)]


def _version_report(
    version: str,
    made: Sequence[Scored],
    stays: Sequence[Scored],
    figures: Mapping[str, Estimate | None],
) -> VersionReport:
    return VersionReport(
        model_version=version,
        predictions=len(made),
        stays=len(stays),
        matured=sum(row.label is not None for row in stays),
        events=sum(row.label is True for row in stays),
        outcomes=dict(sorted(Counter(map(_outcome, stays)).items())),
        arms=dict(sorted(Counter(row.arm for row in made).items())),
        excluded=dict(sorted(Counter(row.reason for row in stays if row.reason).items())),
        measures=figures,
    )


def _outcome(row: Scored) -> str:
    if row.event == "excluded":
        return row.event
    return WAITING if row.label is None or row.event is None else row.event


def _figures(
    stays: Sequence[Scored], seed: int, resamples: int, minimum_events: int
) -> dict[str, Estimate | None]:
    matured = [row for row in stays if row.label is not None]
    labels = np.array([float(bool(row.label)) for row in matured])
    if min(labels.sum(), len(labels) - labels.sum()) < minimum_events:
        return dict.fromkeys(MEASURES)
    probabilities = np.array([row.probability for row in matured])
    patients = np.array([row.patient_id for row in matured])
    return dict(estimates(labels, probabilities, patients, seed=seed, resamples=resamples))
