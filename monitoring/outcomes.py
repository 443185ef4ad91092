"""What then happened: each prediction joined with the label of its stay.

The state of every outcome is a pure function of the stored resources, through the label logic of
`etl.labels`, and of nothing else. So stays may arrive late, twice or out of order: linking again
reaches the same state, and linking twice changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.postgresql import insert

from monitoring.tables import Outcome, Prediction

if TYPE_CHECKING:
    from etl.labels.index import Excluded, IndexDischarge, PatientLabels

ROWS_A_STATEMENT = 1000


class OutcomeState(NamedTuple):
    """The columns of `Outcome` that the label decides."""

    event: str
    event_day: int | None
    discharged_at: datetime | None
    label: bool | None
    matured: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class LinkReport:
    """What linking found.

    Attributes:
        predictions: Predictions of the site that were made for a stay.
        linked: Of these, how many have an outcome now.
        matured: Of these, how many have a label.
        changed: Outcomes that are new or other than before.
        events: Linked predictions by event.
    """

    predictions: int
    linked: int
    matured: int
    changed: int
    events: Mapping[str, int]


def link(
    engine: Engine, site: str, labels_of: "Callable[[str], PatientLabels]", now: datetime
) -> LinkReport:
    """Bring every outcome of the site to what the stored resources say.

    Args:
        engine: Of the database that holds the ledger.
        site: The hospital.
        labels_of: Patient pseudonym to the labels of the patient's stays; it decides by its
            end of observation which discharges are mature.
        now: UTC; written beside each outcome that changes.
    """
    with engine.begin() as connection:
        wanted, predictions = _wanted(connection, site, labels_of)
        present = _present(connection, site)
        changed = {key: state for key, state in wanted.items() if present.get(key) != state}
        _upsert(connection, changed, now)
        stale = present.keys() - wanted.keys()
        _remove(connection, stale)
    events = Counter(state.event for state in wanted.values())
    matured = sum(state.matured for state in wanted.values())
    return LinkReport(predictions, len(wanted), matured, len(changed) + len(stale), dict(events))


def _wanted(
    connection: Connection, site: str, labels_of: "Callable[[str], PatientLabels]"
) -> tuple[dict[UUID, OutcomeState], int]:
    rows = connection.execute(
        select(Prediction.patient_id, Prediction.encounter_id, Prediction.id)
        .where(Prediction.site == site, Prediction.encounter_id.is_not(None))
        .order_by(Prediction.patient_id)
    ).all()
    wanted: dict[UUID, OutcomeState] = {}
    for patient_id, made in groupby(rows, key=lambda row: row.patient_id):
        states = dict(_states(labels_of(patient_id)))
        wanted |= {row.id: states[row.encounter_id] for row in made if row.encounter_id in states}
    return wanted, len(rows)


def _states(labels: "PatientLabels") -> Iterator[tuple[str, OutcomeState]]:
    for excluded in labels.excluded:
        yield excluded.encounter_id, _excluded_state(excluded)
    for discharge in labels.index:
        yield discharge.encounter_id, _discharge_state(discharge)


def _discharge_state(discharge: "IndexDischarge") -> OutcomeState:
    return OutcomeState(
        event=discharge.event,
        event_day=discharge.event_day,
        discharged_at=discharge.discharged_at,
        label=discharge.label,
        matured=discharge.label is not None,
        reason=None,
    )


def _excluded_state(excluded: "Excluded") -> OutcomeState:
    return OutcomeState("excluded", None, None, label=None, matured=False, reason=excluded.reason)


def _present(connection: Connection, site: str) -> dict[UUID, OutcomeState]:
    columns = [getattr(Outcome, name) for name in OutcomeState._fields]
    rows = connection.execute(
        select(Outcome.prediction_id, *columns)
        .join(Prediction, Prediction.id == Outcome.prediction_id)
        .where(Prediction.site == site)
    )
    return {row[0]: OutcomeState(*row[1:]) for row in rows}


def _upsert(connection: Connection, states: Mapping[UUID, OutcomeState], now: datetime) -> None:
    rows = [
        {"prediction_id": key, "linked_at": now, **state._asdict()} for key, state in states.items()
    ]
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        statement = insert(Outcome).values(rows[start : start + ROWS_A_STATEMENT])
        newer = {name: statement.excluded[name] for name in (*OutcomeState._fields, "linked_at")}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["prediction_id"], set_=newer)
        )


def _remove(connection: Connection, keys: set[UUID]) -> None:
    if keys:
        connection.execute(delete(Outcome).where(Outcome.prediction_id.in_(keys)))
