"""Labels are compared stay by stay, and the comparison stops the benchmark when it fails."""

import hashlib

import pytest

from bench.uci.agreement import LabelsDisagree, agreement, encounter_pseudonym
from bench.uci.rules import OUTSIDE_REASON
from privacy.keys import derive_keys
from tests.support.uci import uci_stay

KEYS = derive_keys(hashlib.sha256(b"agreement").digest(), "uci")
STAYS = [
    uci_stay(1, 1, "<30"),
    uci_stay(2, 1, "NO"),
    uci_stay(3, 2, "NO", discharge_disposition_id="11"),
]
FIRST, SECOND, DEAD = (encounter_pseudonym(stay, KEYS) for stay in STAYS)
LEDGER = [(DEAD, "died_in_hospital"), ("elsewhere", OUTSIDE_REASON)]


def test_labels_that_agree_are_counted_with_what_was_excluded() -> None:
    found = agreement(STAYS, {FIRST: True, SECOND: False}, LEDGER, KEYS)

    assert (found.stays, found.scored, found.readmitted) == (3, 2, 1)
    assert found.excluded == {"died_in_hospital": 1}
    assert found.beyond_the_file == 1


@pytest.mark.parametrize(
    "computed",
    [
        {FIRST: False, SECOND: False},
        {FIRST: True},
        {FIRST: True, SECOND: None},
        {FIRST: True, SECOND: False, DEAD: False},
        {FIRST: True, SECOND: False, "elsewhere": False},
    ],
    ids=["wrong", "missing", "not mature", "dead but labelled", "not of the file"],
)
def test_a_label_that_is_wrong_missing_or_too_much_stops_the_benchmark(
    computed: dict[str, bool | None],
) -> None:
    with pytest.raises(LabelsDisagree):
        agreement(STAYS, computed, LEDGER, KEYS)


def test_another_reason_for_leaving_a_stay_out_stops_the_benchmark() -> None:
    ledger = [(DEAD, "below_minimum_age")]

    with pytest.raises(LabelsDisagree, match="excluded as below_minimum_age"):
        agreement(STAYS, {FIRST: True, SECOND: False}, ledger, KEYS)
