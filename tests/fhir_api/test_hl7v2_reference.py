"""The reference page says what the code does: every event, field, code and figure of it."""

import pytest

from tests.support.data import shared_data
from tests.support.hl7v2 import Json, adt, converted, reference_messages
from tests.support.hl7v2_agreement import Score, agreement, at, read_pairs
from tests.support.hl7v2_page import made, part

FIELDS = [
    tuple(cell.strip(" `") for cell in row.strip("| ").split(" | "))
    for row in part("fields").splitlines()[2:]
]
BASE = {
    "PID": {3: "17^^^HOSP^MR", 8: "M"},
    "PD1": {},
    "PV1": {2: "I", 19: "V-77", 44: "20240501", 45: "20240508"},
    "PV2": {},
    "DG1": {3: "E11.9^x^I10C"},
    "AL1": {3: "7258^Nut^RXNORM"},
    "OBX": {2: "NM", 3: "8310-5^x^LN", 5: "37", 11: "P"},
    "PR1": {3: "99213^x^C4"},
    "IN1": {3: "66"},
    "NK1": {2: "Poe^Edgar"},
}


def with_field(segment: str, field: int, value: str) -> list[Json]:
    """The resources of a discharge in which one field is set."""
    given = {name: dict(fields) for name, fields in BASE.items()}
    if segment:
        given[segment][field] = value
    lines = [
        "|".join([name, *(fields.get(number, "") for number in range(1, 61))])
        for name, fields in given.items()
    ]
    return [entry["resource"] for entry in converted(adt("A03", *lines)).bundle["entry"]]


def values(resources: list[Json], element: str) -> list[str]:
    kind, _, path = element.partition(".")
    return sorted(
        str(value)
        for resource in resources
        if resource["resourceType"] == kind
        for value in at(resource, path)
    )


@pytest.mark.parametrize(("field", "element", "example"), FIELDS)
def test_each_field_of_the_page_becomes_its_element(field: str, element: str, example: str) -> None:
    segment, _, number = field.partition("-")
    changed = values(with_field(segment, int(number), example), element)

    assert changed
    assert changed != values(with_field("", 0, ""), element)


def test_the_tables_of_events_and_codes_are_those_of_the_mapping() -> None:
    assert part("events") == made("events")
    assert part("codes") == made("codes")


def test_the_figures_of_agreement_are_those_that_were_measured() -> None:
    assert part("agreement") == made("agreement", shared_data("hl7v2_messages"))


def test_what_we_say_of_a_reference_message_theirs_says_too() -> None:
    present, elements = agreement(shared_data("hl7v2_messages"))
    alone = sum(score.ours for score in elements.values())

    assert all(present[kind].theirs == 0 for kind in ("Patient", "Practitioner", "Organization"))
    assert alone <= 3
    for whole in ("gender", "birthDate"):
        assert elements["Patient", whole] == Score(15, 0, 0)
    for whole in ("status", "class"):
        assert elements["Encounter", whole] == Score(13, 0, 0)


def test_every_adt_message_of_our_events_in_the_reference_set_is_judged() -> None:
    folder = shared_data("hl7v2_messages")
    judged = [name for name, _, _ in read_pairs(folder)]

    assert len(judged) == 16
    assert len(reference_messages(folder)) > 75
