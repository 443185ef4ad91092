"""The report: each stay counts once, and no figure rests on too few events."""

import json
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from etl.labels.index import Excluded, PatientLabels
from monitoring.ledger import record
from monitoring.outcomes import link
from monitoring.performance import Report, VersionReport, report
from monitoring.rendering import as_json, as_text
from tests.support.ledger import DISCHARGED, NOW, SITE, discharge, labels, prediction

HOUR = timedelta(hours=1)


def reported(engine: Engine, said: dict[str, PatientLabels] | None = None) -> Report:
    link(engine, SITE, lambda patient: (said or {}).get(patient, labels()), NOW)
    return report(engine, SITE, resamples=50)


def only(found: Report) -> VersionReport:
    (version,) = found.versions
    return version


def ward(engine: Engine, patients: int) -> dict[str, PatientLabels]:
    """Patients with rising risk, of whom those with the higher risks tend to come back."""
    generator = np.random.default_rng(2)
    said = {}
    for number in range(patients):
        risk = (number + 1) / (patients + 1)
        back = bool(generator.random() < risk)
        record(engine, prediction(f"p{number}", "stay", risk))
        event = "unplanned" if back else "none"
        said[f"p{number}"] = labels(discharge(f"p{number}", "stay", event, label=back))
    return said


def test_a_site_without_predictions_has_an_empty_report(engine: Engine) -> None:
    assert reported(engine) == Report(SITE, 10, ())


def test_figures_come_with_intervals_once_enough_happened(engine: Engine) -> None:
    version = only(reported(engine, ward(engine, 60)))

    auroc = version.measures["auroc"]
    assert (version.stays, version.matured) == (60, 60)
    assert auroc is not None
    assert 0.6 < auroc.low < auroc.value < auroc.high <= 1.0


def test_few_events_give_no_figure_at_all(engine: Engine) -> None:
    version = only(reported(engine, ward(engine, 8)))

    assert version.matured == 8
    assert set(version.measures.values()) == {None}


@pytest.mark.parametrize(
    ("hours", "probability"), [((-48, -1), 0.4), ((-1, -48), 0.3), ((-1, 5), 0.4), ((-1, 30), 0.3)]
)
def test_the_last_prediction_before_discharge_counts(
    engine: Engine, hours: tuple[int, int], probability: float
) -> None:
    from monitoring.performance import _scored, counted_stays

    for hour, risk in zip(hours, (0.3, 0.4), strict=True):
        record(engine, prediction("ann", "stay", risk, as_of=DISCHARGED + hour * HOUR))
    reported(engine, {"ann": labels(discharge("ann", "stay", "none", label=False))})

    (counted,) = counted_stays(_scored(engine, SITE))

    assert counted.probability == probability


def test_a_prediction_outside_a_stay_counts_as_made_only(engine: Engine) -> None:
    record(engine, prediction("ann", None, 0.3))

    version = only(reported(engine))

    assert (version.predictions, version.stays) == (1, 0)


def test_each_model_version_is_judged_apart(engine: Engine) -> None:
    for version in ("v1", "v2", "v2"):
        record(engine, prediction("ann", "stay", 0.3, model_version=version))

    found = {each.model_version: each.predictions for each in reported(engine).versions}

    assert found == {"v1": 1, "v2": 2}


def test_outcomes_and_exclusions_are_counted_by_name(engine: Engine) -> None:
    for patient in ("ann", "bob", "cid", "dot"):
        record(engine, prediction(patient, f"stay of {patient}", 0.3))

    version = only(reported(engine, {
        "ann": labels(discharge("ann", "stay of ann", "planned", label=False)),
        "bob": labels(discharge("bob", "stay of bob", "unplanned", label=None)),
        "cid": labels(excluded=(Excluded("stay of cid", "died_in_hospital"),)),
    }))  # fmt: skip

    assert version.outcomes == {"excluded": 1, "planned": 1, "waiting": 2}
    assert version.excluded == {"died_in_hospital": 1}


def test_a_readmission_seen_early_is_not_counted_before_it_matures(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.3))

    version = only(
        reported(engine, {"ann": labels(discharge("ann", "stay", "unplanned", label=None))})
    )

    assert (version.matured, version.events) == (0, 0)


def test_the_text_says_too_few_where_there_is_no_figure(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.3))

    text = as_text(reported(engine))

    assert "AUROC                   too few (needs 10 stays with and 10 without the event)" in text


def test_the_text_shows_figures_with_their_intervals(engine: Engine) -> None:
    text = as_text(reported(engine, ward(engine, 60)))

    assert "60 predictions (60 shown) for 60 stays" in text
    assert "Calibration slope" in text
    assert "(95 % " in text


def test_the_json_holds_what_the_report_holds(engine: Engine) -> None:
    found = reported(engine, ward(engine, 8))

    (version,) = json.loads(as_json(found))["versions"]

    assert version["predictions"] == 8
    assert version["measures"]["auroc"] is None
