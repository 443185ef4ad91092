"""Which stay a call is about, and when it ended."""

from datetime import UTC, datetime

import pytest

from cds_hooks.hooks.definition import HookContext
from cds_hooks.scoring.history import History
from cds_hooks.scoring.stay import Stay, ended_at, stay_of
from etl.events.event import Event
from etl.rules import SiteRules
from tests.support.hooks import ANN_PSEUDONYM, KEYS, STAY_PSEUDONYM
from tests.support.patients import ANN, STAY

NAMED = HookContext(userId="Practitioner/1", patientId=ANN, encounterId=STAY)
UNNAMED = HookContext(userId="Practitioner/1", patientId=ANN)


def drawn(drawing: str) -> History:
    """A history of admissions and discharges: `encounter code day` a line."""
    events = []
    for line in drawing.strip().splitlines():
        encounter_id, code, day = line.split()
        time = datetime(2024, 5, int(day), tzinfo=UTC)
        events.append(
            Event(
                ANN_PSEUDONYM, time, time, code, None, None, None,
                "Encounter", encounter_id, encounter_id,
            )
        )  # fmt: skip
    return History(events, None, {})


def found(context: HookContext, history: History, *sent: str) -> Stay | None:
    return stay_of(context, sent, KEYS, history, SiteRules())


def test_the_stay_the_context_names_is_taken() -> None:
    assert found(NAMED, drawn("other ADMISSION//IMP 3")) == Stay(STAY, STAY_PSEUDONYM)


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        ("open ADMISSION//IMP 3", "open"),
        ("open ADMISSION//IMP 3\nnewer ADMISSION//IMP 9", "newer"),
        ("open ADMISSION//IMP 3\nlater ADMISSION//IMP 9\nlater DISCHARGE//home 12", "open"),
        ("done ADMISSION//IMP 3\ndone DISCHARGE//home 4", None),
        ("visit ADMISSION//AMB 3", None),
        ("visit ADMISSION//EMER 3", None),
        ("", None),
    ],
)
def test_otherwise_the_newest_open_inpatient_stay(drawing: str, expected: str | None) -> None:
    stay = found(UNNAMED, drawn(drawing))

    assert (stay.encounter_id if stay else None) == expected


def test_a_stay_that_was_sent_gets_its_real_id_back() -> None:
    history = drawn(f"{STAY_PSEUDONYM} ADMISSION//IMP 3")

    assert found(UNNAMED, history, "Condition/c1", f"Encounter/{STAY}") == Stay(
        STAY, STAY_PSEUDONYM
    )


def test_a_stay_only_the_store_knows_has_no_real_id() -> None:
    history = drawn(f"{STAY_PSEUDONYM} ADMISSION//IMP 3")

    assert found(UNNAMED, history) == Stay(None, STAY_PSEUDONYM)


def test_a_stay_ends_with_its_own_discharge() -> None:
    history = drawn("a ADMISSION//IMP 1\na DISCHARGE//home 4\nb DISCHARGE//home 9")

    assert ended_at(Stay(None, "a"), history) == datetime(2024, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize("stay", [None, Stay(None, "a")])
def test_without_a_discharge_nothing_has_ended(stay: Stay | None) -> None:
    assert ended_at(stay, drawn("a ADMISSION//IMP 1")) is None
