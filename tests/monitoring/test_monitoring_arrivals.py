"""Outcomes by the real label logic, as stays arrive: late, twice, out of order, corrected."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from etl.events.extract import events_of
from etl.events.table import merge
from etl.labels.index import PatientLabels, label_patient
from etl.rules import SiteRules
from monitoring.ledger import record
from monitoring.outcomes import link
from monitoring.tables import Outcome
from tests.support.ledger import NOW, SITE, prediction

Resource = dict[str, object]
FOLLOWED_UNTIL = datetime(2024, 6, 1, tzinfo=UTC)


def stay(encounter_id: str, begun: str, ended: str, **given: object) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": encounter_id,
        "status": "finished",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/ann"},
        "period": {"start": f"2024-{begun}T10:00:00Z", "end": f"2024-{ended}T10:00:00Z"},
        **given,
    }


PATIENT: Resource = {"resourceType": "Patient", "id": "ann", "birthDate": "1950"}
INDEX = stay("stay", "03-01", "03-05")
RETURN = stay("return", "03-20", "03-22")
LATER = stay("later", "05-20", "05-22")


def labels_of(arrived: Sequence[Resource], until: datetime = FOLLOWED_UNTIL) -> PatientLabels:
    """Labels from what has arrived; a newer version replaces an older one."""
    newest = {resource["id"]: resource for resource in arrived}
    events = [event for resource in newest.values() for event in events_of(resource)]
    return label_patient(merge([], events), SiteRules(observed_until=until))


def outcome(engine: Engine) -> tuple[str, int | None, bool | None] | None:
    with Session(engine) as session:
        row = session.scalars(select(Outcome)).one_or_none()
    return (row.event, row.event_day, row.label) if row else None


def arrive(engine: Engine, *arrived: Resource, until: datetime = FOLLOWED_UNTIL) -> None:
    link(engine, SITE, lambda _: labels_of(arrived, until), NOW)


@pytest.mark.parametrize(
    ("followed", "expected"),
    [
        ((RETURN,), ("unplanned", 15, True)),
        ((LATER,), ("none", None, False)),
        ((RETURN, LATER), ("unplanned", 15, True)),
        ((), ("none", None, False)),
    ],
)
def test_what_followed_decides_the_outcome(
    engine: Engine, followed: tuple[Resource, ...], expected: object
) -> None:
    record(engine, prediction("ann", "stay", 0.3))

    arrive(engine, PATIENT, INDEX, *followed)

    assert outcome(engine) == expected


def test_a_return_that_arrives_late_turns_the_outcome(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.3))
    arrive(engine, PATIENT, INDEX)
    before = outcome(engine)

    arrive(engine, PATIENT, INDEX, RETURN)

    assert before == ("none", None, False)
    assert outcome(engine) == ("unplanned", 15, True)


def test_a_return_taken_back_turns_the_outcome_back(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.3))
    arrive(engine, PATIENT, INDEX, RETURN)

    arrive(engine, PATIENT, INDEX, {**RETURN, "status": "entered-in-error"})

    assert outcome(engine) == ("none", None, False)


def test_an_early_return_waits_for_the_thirty_days_to_pass(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.3))

    arrive(engine, PATIENT, INDEX, RETURN, until=datetime(2024, 3, 25, tzinfo=UTC))

    assert outcome(engine) == ("unplanned", 15, None)


def test_a_stay_that_has_not_ended_is_excluded_for_now(engine: Engine) -> None:
    record(engine, prediction("ann", "stay", 0.3))
    lasting = {**INDEX, "status": "in-progress", "period": {"start": "2024-03-01T10:00:00Z"}}

    arrive(engine, PATIENT, lasting)

    with Session(engine) as session:
        (row,) = session.scalars(select(Outcome))
    assert (row.event, row.reason) == ("excluded", "not_discharged")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.permutations([PATIENT, INDEX, RETURN, LATER, INDEX, RETURN]))
def test_no_order_of_arrival_changes_the_final_outcome(
    engine: Engine, order: list[Resource]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("truncate prediction cascade"))
    record(engine, prediction("ann", "stay", 0.3))

    for count in range(1, len(order) + 1):
        arrive(engine, *order[:count])

    assert outcome(engine) == ("unplanned", 15, True)
