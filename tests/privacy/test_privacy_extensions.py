"""Extensions stay if they are listed; an unknown modifier refuses the resource."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from privacy.deidentify import Deidentifier
from privacy.rules import COUNTED_URLS, OTHER_URLS
from tests.support.cleaning import KEYS, TODAY, cleaned, observation, policy, refused

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
OWN = "http://homeward.dev/fhir/StructureDefinition/"
OMB = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"}
UNKNOWN = "http://ehr.example/nickname"


def patient(*extensions: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return cleaned({"resourceType": "Patient", "extension": list(extensions), **elements})


def test_race_keeps_its_coded_parts_and_loses_its_text() -> None:
    race = {
        "url": US_CORE + "us-core-race",
        "extension": [
            {"url": "ombCategory", "valueCoding": {**OMB, "display": "White"}},
            {"url": "text", "valueString": "White, as Ann says"},
        ],
    }

    kept = patient(race)["extension"]

    assert kept == [{"url": race["url"], "extension": [{"url": "ombCategory", "valueCoding": OMB}]}]


def test_an_unknown_extension_is_dropped_and_counted() -> None:
    deidentifier = Deidentifier(policy(), KEYS, today=TODAY)
    sent: dict[str, Any] = {"resourceType": "Patient", "id": "17"}
    sent["extension"] = [{"url": UNKNOWN, "valueString": "Annie"}] * 3

    (answer,) = deidentifier.clean_batch([sent])

    assert "Annie" not in repr(answer)
    assert deidentifier.dropped == {UNKNOWN: 3}


def test_invented_addresses_do_not_fill_the_memory() -> None:
    deidentifier = Deidentifier(policy(), KEYS, today=date(2026, 1, 1))
    urls = [{"url": f"http://x.example/{i}", "valueCode": "a"} for i in range(COUNTED_URLS + 50)]

    deidentifier.clean_batch([{"resourceType": "Patient", "id": "17", "extension": urls}])

    assert deidentifier.dropped[OTHER_URLS] == 50
    assert len(deidentifier.dropped) == COUNTED_URLS + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("valueDecimal", Decimal("0.25")),
        ("valueInteger", 7),
        ("valueBoolean", True),
        ("valueCode", "gradient"),
        ("valueCoding", {"system": "http://homeward.dev/x", "code": "a"}),
        ("valueQuantity", {"value": 7, "unit": "d"}),
    ],
)
def test_numbers_and_codes_of_our_own_extensions_stay(name: str, value: Any) -> None:
    own = {"url": OWN + "risk", name: value}

    assert cleaned(observation(extension=[own]))["extension"] == [own]


@pytest.mark.parametrize("name", ["valueString", "valueMarkdown", "valueHumanName", "valueId"])
def test_text_in_our_own_extensions_is_dropped(name: str) -> None:
    body = cleaned(observation(extension=[{"url": OWN + "risk", name: "Ann Doe"}]))

    assert "extension" not in body


def test_parts_of_our_own_extensions_stay_by_their_data_type() -> None:
    parts = [{"url": "share", "valueDecimal": Decimal("0.5")}, {"url": "who", "valueString": "Ann"}]

    body = cleaned(observation(extension=[{"url": OWN + "reason", "extension": parts}]))

    assert body["extension"] == [{"url": OWN + "reason", "extension": parts[:1]}]


@pytest.mark.parametrize("url", [OWN + "Ann Doe", OWN + "?name=Ann", "http://homeward.dev.evil/x"])
def test_an_address_that_only_looks_like_ours_is_unknown(url: str) -> None:
    assert "extension" not in cleaned(observation(extension=[{"url": url, "valueInteger": 1}]))


def test_extensions_beside_a_primitive_follow_the_same_list() -> None:
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason"}
    birth_time = {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime"}
    beside = [
        {**birth_time, "valueDateTime": "1980-02-03T04:05:06Z"},
        {**absent, "valueCode": "unknown"},
    ]

    body = patient(_birthDate={"id": "Ann", "extension": beside}, _gender={"id": "Doe"})

    assert body["_birthDate"] == {"extension": beside[1:]}
    assert "_gender" not in body


def test_a_date_in_an_extension_moves_with_its_patient() -> None:
    asserted = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
    sent = {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/17"},
        "recordedDate": "2024-05-06",
        "extension": [{"url": asserted, "valueDateTime": "2024-05-06"}],
    }

    body = cleaned(sent)

    assert body["extension"][0]["valueDateTime"] == body["recordedDate"] != "2024-05-06"


@pytest.mark.parametrize(
    ("element", "path"),
    [
        ({"modifierExtension": [{"url": UNKNOWN}]}, "Observation.modifierExtension[0]"),
        (
            {"component": [{"code": {}}, {"code": {}, "modifierExtension": [{"url": UNKNOWN}]}]},
            "Observation.component[1].modifierExtension[0]",
        ),
        (
            {"contained": [{"resourceType": "Patient", "modifierExtension": [{"valueCode": "a"}]}]},
            "Observation.contained[0].modifierExtension[0]",
        ),
        ({"modifierExtension": "Ann"}, "Observation.modifierExtension[0]"),
    ],
)
def test_an_unknown_modifier_refuses_the_resource(element: dict[str, Any], path: str) -> None:
    refusal = refused(observation(**element))

    assert refusal.path == path
    assert UNKNOWN not in refusal.reason
