"""What a check from outside found of searches: each of these was answered otherwise once."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.support.instance import served
from tests.support.searching import FHIR, UCUM, asked, found, ids, kept, person, refused, weight


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


def fever(id_: str) -> dict[str, Any]:
    """A temperature whose unit is written otherwise than its code."""
    celsius = {"value": 38.5, "unit": "C", "system": UCUM, "code": "Cel"}
    return weight(id_, valueQuantity=celsius)


@pytest.mark.parametrize("asked_for", ["38.5||Cel", "38.5||C", f"38.5|{UCUM}|Cel", "gt38||C"])
def test_a_quantity_is_found_by_its_code_and_by_its_unit(http: TestClient, asked_for: str) -> None:
    kept(http, person("ann"), fever("o-1"))

    assert found(http, f"Observation?value-quantity={asked_for}") == {"o-1"}


@pytest.mark.parametrize("asked_for", [f"38.5|{UCUM}|C", "38.5||degF", "39.5||C"])
def test_a_unit_is_no_code_of_a_system(http: TestClient, asked_for: str) -> None:
    kept(http, person("ann"), fever("o-1"))

    assert found(http, f"Observation?value-quantity={asked_for}") == set()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("nope=1", "nope"),
        ("code:nope=1", "code:nope"),
        ("date=2020", "date"),
        ("_count=-1", "_count"),
        ("_sort=nope", "_sort:nope"),
        ("value-quantity=x", "value-quantity"),
        ("_include=Observation:nope", "_include:Observation:nope"),
        ("_cursor=x", "_cursor"),
    ],
)
def test_a_refusal_says_which_parameter_it_is_about(
    http: TestClient, query: str, name: str
) -> None:
    answer = http.get(f"{FHIR}/Observation?{query}")

    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == [f"http.{name}"]


@pytest.mark.parametrize("query", ["_count=-1", "_cursor=x", "_total=x", "_include=Patient"])
def test_a_search_that_is_refused_in_a_bundle_names_its_entry(http: TestClient, query: str) -> None:
    entry = {"request": {"method": "GET", "url": f"Observation?{query}"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}

    [answer] = http.post(FHIR, json=bundle).json()["entry"]

    issue = answer["response"]["outcome"]["issue"][0]
    assert issue["expression"] == ["Bundle.entry[0].request.url"]


@pytest.mark.parametrize("name", ["_include", "_revinclude"])
@pytest.mark.parametrize("value", ["Nope:subject", "Nope:*", "Observation:subject:Nope"])
def test_an_inclusion_of_an_unknown_type_is_refused(
    http: TestClient, name: str, value: str
) -> None:
    assert "a type that is not served" in refused(http, f"Observation?{name}={value}")


@pytest.mark.parametrize("name", ["_count", "_sort", "_total", "_summary", "_elements"])
def test_what_shapes_an_answer_is_said_once(http: TestClient, name: str) -> None:
    values = {"_count": "2", "_sort": "code", "_total": "none", "_summary": "true"}
    said = f"{name}={values.get(name, 'code')}"

    assert "more than once" in refused(http, f"Observation?{said}&{said}")


def test_leniency_is_read_in_any_case_and_beside_other_preferences(http: TestClient) -> None:
    kept(http, person("ann"))
    for prefer in ("Handling=Lenient", "respond-async; handling = lenient", 'handling="lenient"'):
        assert ids(asked(http, "Patient?nope=1", prefer=prefer)) == ["ann"]


def test_a_format_that_is_left_empty_is_none(http: TestClient) -> None:
    kept(http, person("ann"))

    assert http.get(f"{FHIR}/Patient/ann?_format=").status_code == 200
    assert (
        http.get(f"{FHIR}/Patient/ann?_format=", headers={"accept": "text/html"}).status_code == 406
    )


EVERYTHING = "Patient/ann/$everything"


def test_everything_takes_its_types_one_by_one(http: TestClient) -> None:
    kept(http, person("ann"), weight("o-1"))

    assert found(http, f"{EVERYTHING}?_type=Observation&_type=Patient") == {"ann", "o-1"}
    assert found(http, f"{EVERYTHING}?_type=Observation") == {"o-1"}


def test_everything_is_asked_for_by_post_too(http: TestClient) -> None:
    kept(http, person("ann"), weight("o-1"))
    parameters = [{"name": "_type", "valueCode": "Observation"},
                  {"name": "_count", "valueInteger": 5}]  # fmt: skip
    body = {"resourceType": "Parameters", "parameter": parameters}
    for place in (EVERYTHING, "Patient/$everything"):
        assert ids(http.post(f"{FHIR}/{place}", json=body).json()) == ["o-1"]
    assert http.post(f"{FHIR}/Patient/nobody/$everything", json=body).status_code == 404
    assert http.post(f"{FHIR}/{EVERYTHING}", json=person("ann")).status_code == 400


def test_everything_names_its_own_parameter(http: TestClient) -> None:
    kept(http, person("ann"))

    assert "_since must be" in refused(http, f"{EVERYTHING}?_since=never")
