"""Outcomes: the same final state however and whenever stays arrive."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from etl.labels.index import Excluded, PatientLabels
from monitoring.ledger import record
from monitoring.outcomes import LinkReport, link
from monitoring.tables import Outcome, Prediction
from tests.support.ledger import NOW, SITE, discharge, labels, prediction

READMITTED = labels(discharge("ann", "stay", "unplanned", label=True))
WELL = labels(discharge("ann", "stay", "none", label=False))
WAITING = labels(discharge("ann", "stay", "none", label=None))
DIED_INSIDE = labels(excluded=(Excluded("stay", "died_in_hospital"),))
NOTHING = labels()


def linked(engine: Engine, said: PatientLabels, days_later: int = 0) -> LinkReport:
    return link(engine, SITE, lambda _: said, NOW + timedelta(days=days_later))


def outcomes(engine: Engine) -> list[dict[str, Any]]:
    names = ("event", "event_day", "label", "matured", "reason")
    with Session(engine) as session:
        rows = session.scalars(select(Outcome)).all()
    return [{name: getattr(row, name) for name in names} for row in rows]


def test_an_unplanned_return_becomes_a_true_label(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.31))

    linked(engine, READMITTED)

    assert outcomes(engine) == [
        {"event": "unplanned", "event_day": 9, "label": True, "matured": True, "reason": None}
    ]


def test_a_discharge_that_is_not_mature_has_no_label(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.31))

    report = linked(engine, WAITING)

    assert (report.linked, report.matured) == (1, 0)
    assert outcomes(engine)[0]["label"] is None


def test_an_excluded_stay_keeps_its_reason(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.31))

    linked(engine, DIED_INSIDE)

    assert outcomes(engine) == [
        {"event": "excluded", "event_day": None, "label": None, "matured": False,
         "reason": "died_in_hospital"}
    ]  # fmt: skip


def test_a_stay_that_has_not_arrived_has_no_outcome(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.31))

    assert linked(engine, NOTHING) == LinkReport(1, 0, 0, 0, {})
    assert outcomes(engine) == []


def test_a_prediction_outside_a_stay_is_not_linked(engine: Engine) -> None:
    record(engine, prediction("ann", None, 0.31))

    assert linked(engine, READMITTED).predictions == 0


def test_linking_twice_changes_nothing(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.31))

    changes = [linked(engine, READMITTED, days_later=day).changed for day in (0, 1)]

    with Session(engine) as session:
        (row,) = session.scalars(select(Outcome))
    assert changes == [1, 0]
    assert row.linked_at == NOW


def test_every_prediction_of_a_stay_gets_its_outcome(engine: Engine) -> None:
    for probability in (0.2, 0.3):
        record(engine, prediction("ann", "stay", probability))

    assert linked(engine, WELL).events == {"none": 2}


def test_the_predictions_of_another_site_are_left_alone(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.31, site="elsewhere"))

    assert linked(engine, READMITTED).predictions == 0
    assert outcomes(engine) == []


def test_labels_are_asked_for_once_for_each_patient(engine: Engine) -> None:
    for patient in ("bob", "ann", "ann"):
        record(engine, prediction(patient, "stay", 0.31))
    asked: list[str] = []

    link(engine, SITE, lambda patient: asked.append(patient) or NOTHING, NOW)

    assert asked == ["ann", "bob"]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from([NOTHING, WAITING, WELL, READMITTED, DIED_INSIDE]), max_size=5))
def test_the_final_state_depends_on_the_last_labels_only(
    engine: Engine, seen: list[PatientLabels]
) -> None:
    with Session(engine) as session, session.begin():
        session.query(Prediction).delete()
    record(engine, prediction("ann", "stay", 0.31, id=UUID(int=1)))

    for said in [*seen, WELL]:
        linked(engine, said)

    assert outcomes(engine) == [
        {"event": "none", "event_day": None, "label": False, "matured": True, "reason": None}
    ]
