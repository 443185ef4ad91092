"""The label logic, given nothing but the converted resources, gives back the published labels."""

from hypothesis import given

from bench.uci.resources import OUTSIDE, patient_resources
from bench.uci.rows import Stay
from bench.uci.rules import OUTSIDE_REASON, UCI_RULES, UNSCORED_REASONS
from etl.events.extract import events_of
from etl.labels.index import PatientLabels, label_patient
from tests.support.uci import uci_patients, uci_stay


def computed(stays: list[Stay]) -> PatientLabels:
    events = [event for one in patient_resources(stays) for event in events_of(one)]
    return label_patient(events, UCI_RULES)


@given(stays=uci_patients())
def test_every_scored_stay_gets_its_published_label(stays: list[Stay]) -> None:
    published = {str(stay.encounter_id): stay.is_readmitted for stay in stays if stay.is_scored}

    assert {index.encounter_id: index.label for index in computed(stays).index} == published


@given(stays=uci_patients())
def test_deaths_and_hospice_are_excluded_by_name(stays: list[Stay]) -> None:
    unscored = {str(stay.encounter_id) for stay in stays if not stay.is_scored}
    excluded = {one.encounter_id: one.reason for one in computed(stays).excluded}

    assert {name for name, reason in excluded.items() if reason in UNSCORED_REASONS} == unscored
    beyond = {name for name, reason in excluded.items() if reason == OUTSIDE_REASON}
    assert all(name.endswith(OUTSIDE) for name in beyond)
    assert set(excluded) == unscored | beyond


def test_a_readmission_beyond_the_file_makes_the_label_and_no_index() -> None:
    labels = computed([uci_stay(5, 1, "<30")])

    assert [(index.encounter_id, index.label) for index in labels.index] == [("5", True)]
    assert [one.encounter_id for one in labels.excluded] == [f"5-{OUTSIDE}"]


def test_a_readmission_for_planned_care_counts_as_published() -> None:
    chemotherapy, transferred = "V58", "2"
    stays = [
        uci_stay(1, 1, "<30", discharge_disposition_id=transferred),
        uci_stay(2, 1, diag_1=chemotherapy),
    ]

    assert [index.label for index in computed(stays).index] == [True, False]
