"""Rows of the ledger for tests: what a hook would have written, and what the label said."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from etl.labels.index import Excluded, IndexDischarge, PatientLabels
from monitoring.tables import Prediction

SITE = "test"
DISCHARGED = datetime(2024, 3, 1, 15, tzinfo=UTC)
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def prediction(patient: str, encounter: str | None, probability: float, **given: Any) -> Prediction:
    """A prediction made at discharge by model `v1`, shown on a card; `given` wins."""
    columns = {
        "id": uuid4(),
        "site": SITE,
        "patient_id": patient,
        "encounter_id": encounter,
        "hook": "encounter-discharge",
        "hook_instance": uuid4(),
        "service": "readmission-risk-discharge",
        "model_version": "v1",
        "schema_hash": "0" * 64,
        "feature_watermark": 7,
        "as_of": DISCHARGED,
        "made_at": NOW,
        "probability": probability,
        "base_rate": 0.15,
        "arm": "shown",
        "inputs_known": 40,
        "inputs_total": 44,
        "latency_ms": 20.0,
        "card_id": uuid4(),
    }
    return Prediction(**columns | given)


def discharge(patient: str, encounter: str, event: str, label: bool | None) -> IndexDischarge:
    """An index discharge with its label; None is not mature."""
    return IndexDischarge(
        patient_id=patient,
        encounter_id=encounter,
        admitted_at=DISCHARGED - timedelta(days=4),
        discharged_at=DISCHARGED,
        label=label,
        event=event,  # type: ignore[arg-type]  # drawn as text
        event_day=None if event == "none" else 9,
        planned_unknown=False,
        label_spec="cms-hwr-2019",
    )


def labels(*index: IndexDischarge, excluded: tuple[Excluded, ...] = ()) -> PatientLabels:
    """What the label logic says of one patient."""
    return PatientLabels(list(index), list(excluded))
