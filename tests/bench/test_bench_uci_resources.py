"""What one row of the UCI file becomes in FHIR R4."""

from importlib import import_module
from typing import Any

from hypothesis import given, settings

from bench.uci.resources import organizations, patient_resources
from bench.uci.rows import Stay
from tests.support.uci import uci_patients, uci_stay

Resource = dict[str, Any]


def of_type(kind: str, *stays: Stay) -> list[Resource]:
    return [one for one in patient_resources(stays) if one["resourceType"] == kind]


def codes_of(concept: Resource) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


def components(*stays: Stay) -> dict[str, Any]:
    facts = next(one for one in of_type("Observation", *stays) if "component" in one)
    return {codes_of(part["code"])[0]: value_of(part) for part in facts["component"]}


def value_of(part: Resource) -> Any:
    if "valueQuantity" in part:
        return part["valueQuantity"]["value"]
    return codes_of(part["valueCodeableConcept"])[0]


@settings(deadline=None)
@given(stays=uci_patients())
def test_every_resource_is_valid_fhir_r4(stays: list[Stay]) -> None:
    for resource in [*organizations(), *patient_resources(stays)]:
        kind = resource["resourceType"]
        definition = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        definition.model_validate(resource)


@given(stays=uci_patients())
def test_ids_are_unique_and_every_reference_leads_somewhere(stays: list[Stay]) -> None:
    resources = [*organizations(), *patient_resources(stays)]
    ids = [f"{one['resourceType']}/{one['id']}" for one in resources]

    assert len(ids) == len(set(ids))
    assert references(resources) <= set(ids)


def references(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if isinstance(value, dict):
        own = {value["reference"]} if "reference" in value else set()
        return own.union(*map(references, value.values()))
    return set()


@given(stays=uci_patients())
def test_no_resource_says_how_the_stay_was_labelled(stays: list[Stay]) -> None:
    silent = [uci_stay(s.encounter_id, s.patient_nbr, "NO") for s in stays[:1]]
    loud = [uci_stay(s.encounter_id, s.patient_nbr, "<30") for s in stays[:1]]

    outside = list(patient_resources(loud))[len(list(patient_resources(silent))) :]
    assert list(patient_resources(loud))[: -len(outside)] == list(patient_resources(silent))
    assert [one["resourceType"] for one in outside] == ["Encounter"]


def test_deaths_and_hospice_keep_their_standard_disposition() -> None:
    became = {}
    for number in ("11", "13", "14", "19", "20", "21"):
        stay = uci_stay(1, 1, discharge_disposition_id=number)
        became[number] = codes_of(
            of_type("Encounter", stay)[0]["hospitalization"]["dischargeDisposition"]
        )[0]

    assert became == {"11": "20", "13": "50", "14": "51", "19": "40", "20": "41", "21": "42"}


def test_diagnoses_are_ranked_and_keep_the_zeros_that_the_file_lost() -> None:
    stay = uci_stay(7, 1, diag_1="8", diag_2="?", diag_3="E909")
    conditions = of_type("Condition", stay)

    assert [codes_of(one["code"]) for one in conditions] == [["008"], ["E909"]]
    assert [
        (one["condition"]["reference"], one["rank"])
        for one in of_type("Encounter", stay)[0]["diagnosis"]
    ] == [("Condition/7-d1", 1), ("Condition/7-d2", 2)]


def test_counts_and_flags_become_components_of_one_observation() -> None:
    facts = components(uci_stay(1, 1, number_inpatient="4", change="Ch", weight="[75-100)"))

    assert (facts["number-inpatient"], facts["num-procedures"]) == (4, 1)
    assert (facts["age-band"], facts["weight-band"]) == ("70-80", "75-100")
    assert (facts["medication-changed"], facts["diabetes-medicine"]) == ("ch", "no")


def test_a_drug_that_was_given_says_whether_its_dose_changed() -> None:
    given_drugs = of_type("MedicationStatement", uci_stay(1, 1, insulin="Up", glipizide="Steady"))

    assert sorted(codes_of(one["medicationCodeableConcept"]) for one in given_drugs) == [
        ["4821", "glipizide-steady"],
        ["5856", "insulin-up"],
    ]


def test_laboratory_results_are_ranges_and_unmeasured_ones_are_absent() -> None:
    measured = of_type("Observation", uci_stay(1, 1, A1Cresult=">8"))[1:]

    assert [codes_of(one["code"]) for one in measured] == [["4548-4"]]
    assert measured[0]["valueQuantity"]["comparator"] == ">"
    assert of_type("Observation", uci_stay(1, 1))[1:] == []


def test_a_patient_is_as_old_as_at_the_first_stay() -> None:
    young, old = uci_stay(1, 5, age="[40-50)"), uci_stay(2, 5, age="[60-70)")
    born = int(of_type("Patient", young, old)[0]["birthDate"])
    admitted = int(of_type("Encounter", young, old)[0]["period"]["start"][:4])

    assert admitted - born == 45
    assert of_type("Patient", young, old) == of_type("Patient", young)


def test_a_readmission_beyond_the_file_has_begun_and_not_ended() -> None:
    outside = of_type("Encounter", uci_stay(9, 1, "<30"))[1]

    assert outside["status"] == "in-progress"
    assert set(outside["period"]) == {"start"}
    assert (
        outside["serviceProvider"]["reference"]
        != (of_type("Encounter", uci_stay(9, 1))[0]["serviceProvider"]["reference"])
    )
