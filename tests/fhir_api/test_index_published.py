"""The tables of search parameters are HL7's own, and say what each parameter reads."""

from fhir_api.search.r4.published import tables, text_of
from fhir_api.search.r4.registry import (
    CODE_SYSTEMS,
    COMPARTMENTS,
    PARAMETERS,
    code_systems,
    compartment,
    parameters,
)
from tests.support.data import shared_data


def test_the_tables_are_what_hl7s_archive_makes() -> None:
    archive = shared_data("hl7_fhir_r4_definitions") / "definitions.tar.xz"

    made = [text_of(rows) for rows in tables(archive)]

    kept = (PARAMETERS, COMPARTMENTS, CODE_SYSTEMS)
    assert made == [path.read_text(encoding="utf-8") for path in kept]


def test_an_expression_for_many_types_is_cut_to_the_type() -> None:
    patient = parameters("Observation")["patient"]

    assert patient.kind == "reference"
    assert patient.expression == "Observation.subject.where(resolve() is Patient)"
    assert patient.targets == ("Group", "Patient")


def test_a_composite_names_its_parts() -> None:
    pair = parameters("Observation")["combo-code-value-quantity"]

    assert pair.expression == "Observation | Observation.component"
    assert [(part.name, part.expression) for part in pair.components] == [
        ("combo-code", "code"),
        ("combo-value-quantity", "value.as(Quantity)"),
    ]


def test_every_type_has_the_parameters_of_all_types() -> None:
    assert {"_id", "_lastUpdated", "_profile", "_security", "_text"} <= set(parameters("Goal"))
    assert "_text" not in parameters("Bundle")


def test_an_unknown_type_has_none_of_its_own() -> None:
    assert set(parameters("Nothing")) == set(parameters("Basic")) - {
        "author", "code", "created", "identifier", "patient", "subject",
    }  # fmt: skip


def test_hl7s_examples_of_definitions_are_no_parameters() -> None:
    assert "part-agree" not in parameters("Patient")
    assert "Organization" not in parameters("Condition")["subject"].targets


def test_compartments_say_by_which_parameters() -> None:
    assert compartment("Patient")["Observation"] == ("subject", "performer")
    assert compartment("Patient")["AllergyIntolerance"] == ("patient", "recorder", "asserter")
    assert "Organization" not in compartment("Patient")


def test_codes_without_a_system_in_json_are_of_the_one_they_are_bound_to() -> None:
    assert code_systems()["Patient.gender"] == "http://hl7.org/fhir/administrative-gender"
    assert code_systems()["Address.use"] == "http://hl7.org/fhir/address-use"
    assert "Attachment.language" not in code_systems()  # a choice of the sender
