"""The table of summary elements is HL7's, and every type has one."""

from fhir_api.search.query.summaries import TABLE, read_definitions, summary, table
from fhir_api.validation.elements import resource_types
from tests.support.data import shared_data


def test_the_table_is_what_hl7_publishes() -> None:
    archive = shared_data("hl7_fhir_r4_definitions") / "definitions.tar.xz"

    assert table(read_definitions(archive)) == TABLE.read_text(encoding="utf-8")


def test_every_type_has_a_summary_with_its_id() -> None:
    assert all("id" in summary(kind) for kind in resource_types())
    assert "valueQuantity" in summary("Observation")
    assert "note" not in summary("Observation")
