"""Addresses keep country, state and the ZIP area; nothing smaller."""

from typing import Any

import pytest

from privacy.places import Places, read_zip3
from tests.support.cleaning import cleaned

FEW_PEOPLE = (
    "036 059 102 202 203 204 205 369 556 692 753 772 821 823 878 879 884 893".split()  # noqa: SIM905
)


def patient_at(**address: Any) -> Any:
    body = cleaned({"resourceType": "Patient", "address": [address]})
    return body.get("address", [None])[0]


def test_an_address_is_cut_to_country_state_and_zip_area() -> None:
    assert patient_at(
        use="home", line=["1 Elm St"], city="Boston", state="MA", postalCode="02139", country="US"
    ) == {"use": "home", "country": "US", "state": "MA", "postalCode": "021"}


@pytest.mark.parametrize("area", FEW_PEOPLE)
def test_an_area_with_few_people_becomes_three_zeros(area: str) -> None:
    assert Places(read_zip3()).zip_area(f"{area}01") == "000"


def test_the_list_of_areas_is_the_census_of_2020() -> None:
    assert len(read_zip3()) == 876


@pytest.mark.parametrize(
    ("written", "area"),
    [
        ("02139", "021"),
        ("02139-4307", "021"),
        ("02139 4307", "021"),
        ("021394307", "021"),
        (" 02139 ", "021"),
        ("021", "021"),
        ("00000", "000"),
        ("99999", "999"),
        ("2139", None),
        ("SW1A 1AA", None),
        ("0213A", None),
        (2139, None),
    ],
)
def test_zip_codes_are_read_as_people_write_them(written: object, area: str | None) -> None:
    kept = Places(read_zip3() | {"999"}).zip_area(written)

    assert kept == area


def test_a_postal_code_of_another_country_is_dropped() -> None:
    assert patient_at(postalCode="10115", country="DE", state="Berlin") == {"country": "DE"}


def test_a_missing_country_is_read_as_the_united_states() -> None:
    assert patient_at(postalCode="02139") == {"postalCode": "021"}


@pytest.mark.parametrize("state", ["12 Elm Street", "Jane", ["MA"], {"a": 1}, ""])
def test_a_state_that_is_none_is_dropped(state: object) -> None:
    assert patient_at(state=state, country="USA") == {"country": "US"}


def test_a_position_in_an_extension_of_the_address_is_dropped() -> None:
    geolocation = {
        "url": "http://hl7.org/fhir/StructureDefinition/geolocation",
        "extension": [{"url": "latitude", "valueDecimal": 42.4}],
    }

    assert patient_at(country="US", extension=[geolocation]) == {"country": "US"}
