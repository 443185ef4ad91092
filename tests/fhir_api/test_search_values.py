"""Search by token, string, uri, number, quantity, reference and composite, as R4 has them."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.support.instance import served
from tests.support.searching import (
    LOINC,
    UCUM,
    asked,
    coded,
    found,
    ids,
    kept,
    numbered,
    person,
    refused,
    weight,
)

HEART = {"coding": [{"system": LOINC, "code": "8867-4"}]}
SYSTOLIC = {"coding": [{"system": LOINC, "code": "8480-6"}]}
NO_UNIT = {"unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("code=8310-5", {"temperature"}),
        (f"code={LOINC}|8310-5", {"temperature"}),
        ("code=http://snomed.info/sct|8310-5", set()),
        ("code=|8310-5", set()),
        (f"code={LOINC}|", {"temperature", "heart"}),
        ("code=8310-5,8867-4", {"temperature", "heart"}),
        ("code=8310-5&code=8867-4", set()),
        ("status=final&code=8867-4", set()),
        ("status=AMENDED", {"heart"}),
        ("code:not=8310-5", {"heart"}),
        ("code:not=8310-5,8867-4", set()),
        ("method:missing=true", {"temperature"}),
        ("method:missing=false", {"heart"}),
    ],
)
def test_a_token_matches_by_code_system_or_both(
    http: TestClient, query: str, matches: set[str]
) -> None:
    kept(
        http,
        coded("temperature", "8310-5"),
        coded("heart", "8867-4", status="amended", method={"coding": HEART["coding"]}),
    )

    assert found(http, f"Observation?{query}") == matches


def test_a_value_without_a_system_is_found_by_a_bar_before_it(http: TestClient) -> None:
    kept(http, person("ann", active=True), person("ben", active=False), person("cid"))

    assert found(http, "Patient?active=|true") == {"ann"}
    assert found(http, "Patient?active=false") == {"ben"}
    assert found(http, "Patient?active:not=true") == {"ben", "cid"}


def test_a_code_of_a_fixed_list_has_the_system_of_that_list(http: TestClient) -> None:
    kept(http, person("ann"), person("ben", gender="male"))

    assert found(http, "Patient?gender=http://hl7.org/fhir/administrative-gender|male") == {"ben"}
    assert found(http, "Patient?gender=male") == {"ben"}
    assert found(http, "Patient?active:missing=true") == {"ann", "ben"}


def test_code_does_not_look_into_components_and_combo_code_does(http: TestClient) -> None:
    pressure = {"code": SYSTOLIC, "valueQuantity": {"value": 120, **NO_UNIT}}
    kept(http, coded("pressure", "85354-9", component=[pressure]))

    assert found(http, "Observation?code=8480-6") == set()
    assert found(http, "Observation?combo-code=8480-6") == {"pressure"}
    assert found(http, "Observation?component-code=8480-6") == {"pressure"}
    assert found(http, "Observation?combo-code=85354-9") == {"pressure"}


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("value-quantity=70", {"seventy", "exactly"}),
        ("value-quantity=70.0", {"seventy"}),
        ("value-quantity=ne70", {"eighty"}),
        ("value-quantity=gt70.2", {"exactly", "eighty"}),
        ("value-quantity=ge70.2", {"exactly", "eighty"}),
        ("value-quantity=lt70.2", {"seventy"}),
        ("value-quantity=le70.0", {"seventy"}),
        ("value-quantity=sa75", {"eighty"}),
        ("value-quantity=eb75", {"seventy", "exactly"}),
        ("value-quantity=ap75", {"seventy", "exactly", "eighty"}),
        (f"value-quantity=70|{UCUM}|kg", {"seventy", "exactly"}),
        (f"value-quantity=70|{UCUM}|g", set()),
        ("value-quantity=gt60||kg", {"seventy", "exactly", "eighty"}),
        ("value-quantity=lt71,gt79", {"seventy", "exactly", "eighty"}),
        ("value-quantity=1e2", set()),
    ],
)
def test_a_quantity_matches_by_prefix_precision_and_unit(
    http: TestClient, query: str, matches: set[str]
) -> None:
    kept(http, weight("seventy", value="70.0"), weight("exactly", value="70.25"))
    kept(http, weight("eighty", value="80.5"))

    assert found(http, f"Observation?{query}") == matches


def test_an_open_quantity_reaches_as_far_as_it_says(http: TestClient) -> None:
    heavy = {"value": 100, "comparator": ">", "system": UCUM, "code": "kg"}
    kept(http, weight("heavy", valueQuantity=heavy))

    assert found(http, "Observation?value-quantity=gt200") == {"heavy"}
    assert found(http, "Observation?value-quantity=lt200") == set()


@pytest.mark.parametrize("form", ["Patient/ann", "ann", "https://testserver/fhir/Patient/ann"])
def test_a_reference_is_an_id_a_type_and_id_or_an_address(http: TestClient, form: str) -> None:
    kept(http, weight("hers"), weight("his", patient="ben"))

    assert found(http, f"Observation?subject={form}") == {"hers"}
    assert found(http, f"Observation?patient={form}") == {"hers"}


def test_a_reference_may_name_its_type_after_a_colon(http: TestClient) -> None:
    kept(http, weight("hers"), weight("device", subject={"reference": "Device/ann"}))

    assert found(http, "Observation?subject=ann") == {"hers", "device"}
    assert found(http, "Observation?subject:Patient=ann") == {"hers"}
    assert found(http, "Observation?subject:Device=ann") == {"device"}


def test_a_reference_is_found_by_the_identifier_it_carries(http: TestClient) -> None:
    named = {"identifier": {"system": "http://staff.example", "value": "D-1"}}
    kept(http, weight("signed", performer=[named]), weight("unsigned"))

    assert found(http, "Observation?performer:identifier=http://staff.example|D-1") == {"signed"}
    assert found(http, "Observation?performer:identifier=http://staff.example|D-2") == set()


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("identifier=http://hospital.example/mrn|17", {"ann"}),
        ("identifier=http://elsewhere.example|17", {"ben"}),
        ("identifier=17", {"ann", "ben"}),
        ("identifier=http://hospital.example/mrn|18", set()),
        ("identifier=|17", set()),
        ("identifier:missing=true", {"cid"}),
    ],
)
def test_an_identifier_is_found_by_system_and_value_or_value_alone(
    http: TestClient, query: str, matches: set[str]
) -> None:
    kept(http, numbered("ann", "17"), numbered("ben", "17", "http://elsewhere.example"))
    kept(http, person("cid"))

    assert found(http, f"Patient?{query}") == matches


def test_parts_of_a_composite_must_meet_in_one_element(http: TestClient) -> None:
    def part(code: str, value: int) -> dict[str, object]:
        coding = {"coding": [{"system": LOINC, "code": code}]}
        return {"code": coding, "valueQuantity": {"value": value, **NO_UNIT}}

    kept(http, coded("high", "85354-9", component=[part("8480-6", 150), part("8462-4", 80)]))
    kept(http, coded("low", "85354-9", component=[part("8480-6", 110), part("8462-4", 150)]))
    query = "Observation?component-code-value-quantity"

    assert found(http, f"{query}=8480-6$gt140") == {"high"}
    assert found(http, f"{query}={LOINC}|8462-4$gt140||mm[Hg]") == {"low"}
    assert found(http, f"{query}=8480-6$gt140,8462-4$gt140") == {"high", "low"}


def test_a_string_matches_from_its_beginning_whatever_its_case_and_accents(
    http: TestClient,
) -> None:
    kept(http, person("ann", address=[{"state": "New York"}]), person("ben"))
    kept(http, person("cid", address=[{"state": "Nebraska"}]))

    assert found(http, "Patient?address-state=NÉW") == {"ann"}
    assert found(http, "Patient?address-state=ne") == {"ann", "cid"}
    assert found(http, "Patient?address-state:contains=YOR") == {"ann"}
    assert found(http, "Patient?address-state=york") == set()
    assert found(http, "Patient?address-state:exact=New York") == {"ann"}
    assert found(http, "Patient?address-state:exact=new york") == set()


def test_a_uri_matches_whole_or_as_a_beginning_or_as_a_longer_one(http: TestClient) -> None:
    profile = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
    kept(http, person("ann", meta={"profile": [profile]}), person("ben"))

    assert found(http, f"Patient?_profile={profile}") == {"ann"}
    assert found(http, "Patient?_profile=http://hl7.org/fhir/us/core") == set()
    assert found(http, "Patient?_profile:below=http://hl7.org/fhir/us/core") == {"ann"}
    assert found(http, f"Patient?_profile:above={profile}/more") == {"ann"}


def test_ids_are_the_callers_own_on_the_way_in_and_out(http: TestClient) -> None:
    kept(http, weight("o-1"), weight("o-2"), weight("o-3"))

    bundle = asked(http, "Observation?_id=o-3,o-1")

    assert set(ids(bundle)) == {"o-1", "o-3"}
    assert {each["resource"]["subject"]["reference"] for each in bundle["entry"]} == {"Patient/ann"}


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("Observation?code:text=heart", "not stored"),
        ("Observation?code:in=http://x.example/vs", "terminology server"),
        ("Observation?code:below=x", "terminology server"),
        ("Patient?identifier:of-type=a|b|c", "sealed"),
        ("Observation?value-quantity:exact=7", "no such modifier"),
        ("Observation?status:contains=fin", "no such modifier"),
        ("Observation?_filter=code eq x", "not served"),
        ("Observation?_content=x", "not served"),
        ("Observation?_text=x", "not served"),
    ],
)
def test_what_is_not_served_is_refused_with_the_reason(
    http: TestClient, query: str, word: str
) -> None:
    told = refused(http, query)

    assert told.startswith("not-supported")
    assert word in told


@pytest.mark.parametrize(
    "query",
    [
        "value-quantity=seven", "value-quantity=xx7", "value-quantity=7|kg", "date=2020-13",
        "code=", "status:missing=perhaps", "code-value-quantity=8480-6", "value-quantity=1e999",
        "code-value-quantity=8480-6$", "_lastUpdated=soon", "_id:not=a",
        "identifier=http://hospital.example/mrn|", "subject:Patient.code.x.y.z.u=1",
        "subject:Observation.code=1", "status.code=1", "_has:Observation:code:code=1",
    ],
)  # fmt: skip
def test_a_value_that_is_not_of_its_kind_is_refused(http: TestClient, query: str) -> None:
    assert refused(http, f"Observation?{query}")
