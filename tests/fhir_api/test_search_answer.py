"""The answer to a search: links, order, how many, how much of each, and what was left out."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from fhir_api.validation.validator import Validator
from tests.support.instance import served
from tests.support.searching import (
    applied,
    asked,
    coded,
    found,
    ids,
    kept,
    link,
    person,
    refused,
    weight,
)

LENIENT = {"prefer": "handling=lenient"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


def test_a_searchset_is_a_bundle_as_r4_has_it(http: TestClient) -> None:
    kept(http, weight("o-1"), person("ann"))

    bundle = asked(http, "Observation?_include=Observation:subject&nope=1", **LENIENT)

    assert Validator().validate(bundle) == []
    assert bundle["type"] == "searchset"
    assert [each["search"]["mode"] for each in bundle["entry"]] == ["match", "include", "outcome"]
    assert bundle["entry"][0]["fullUrl"] == "http://testserver/fhir/Observation/o-1"


def test_self_shows_what_was_applied_and_as_it_was_given(http: TestClient) -> None:
    bundle = asked(http, "Observation?code=a%7Cb,c&_count=2&nope=1&_format=json", **LENIENT)

    assert applied(bundle) == [("code", "a|b,c"), ("_count", "2")]


@pytest.mark.parametrize(
    "query", ["nope=1", "code:nope=1", "patient.nope=1", "_sort=nope", "_has:Nope:patient:code=1"]
)
def test_what_is_unknown_is_refused_with_what_there_is_unless_lenient(
    http: TestClient, query: str
) -> None:
    kept(http, weight("o-1"))

    assert refused(http, f"Observation?{query}").startswith("not-supported")
    bundle = asked(http, f"Observation?{query}&status=final", **LENIENT)

    outcome = bundle["entry"][-1]["resource"]
    assert outcome["issue"][0]["severity"] == "warning"
    assert applied(bundle) == [("status", "final")]
    assert ids({"entry": bundle["entry"][:-1]}) == ["o-1"]


def test_the_list_of_parameters_is_that_of_the_capability_statement(http: TestClient) -> None:
    told = refused(http, "Observation?nope=1")
    statement = http.get("/fhir/metadata").json()
    [served_] = [each for each in statement["rest"][0]["resource"] if each["type"] == "Observation"]

    assert all(each["name"] in told for each in served_["searchParam"])
    assert "bodySite" not in told


EXAMPLES = {
    "token": "a", "date": "2020", "reference": "Patient/a", "string": "a", "quantity": "1",
    "number": "1", "uri": "http://a.example",
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["Patient", "Observation", "Encounter", "Condition", "RiskAssessment", "Location"]
)
def test_every_parameter_that_is_advertised_is_served(http: TestClient, kind: str) -> None:
    statement = http.get("/fhir/metadata").json()["rest"][0]["resource"]
    [offered] = [each for each in statement if each["type"] == kind]
    whose = "_id=ann" if kind == "Patient" else "patient=ann"
    for each in offered["searchParam"]:
        if each["type"] in EXAMPLES:
            query = f"{each['name']}={EXAMPLES[each['type']]}"
            dated = f"&{whose}" if each["type"] == "date" and kind != "Location" else ""
            asked(http, f"{kind}?{query}{dated}")


def test_count_zero_and_summary_count_give_the_number_alone(http: TestClient) -> None:
    kept(http, weight("o-1"), weight("o-2"), coded("other", "8310-5"))

    for query in ("_count=0", "_summary=count"):
        bundle = asked(http, f"Observation?code=29463-7&{query}")
        assert bundle["total"] == 2
        assert "entry" not in bundle


def test_matches_are_counted_when_that_is_asked_for(http: TestClient) -> None:
    kept(http, weight("o-1"), weight("o-2"), weight("o-3"))

    assert "total" not in asked(http, "Observation?_count=1")
    assert "total" not in asked(http, "Observation?_count=1&_total=none")
    assert asked(http, "Observation?_count=1&_total=accurate")["total"] == 3
    assert asked(http, "Observation?_count=1&_total=estimate")["total"] == 3


def test_no_page_has_more_than_a_thousand(http: TestClient) -> None:
    kept(http, weight("o-1"))

    assert found(http, "Observation?_count=999999") == {"o-1"}
    assert "_count" in refused(http, "Observation?_count=-1")
    assert "_count" in refused(http, "Observation?_count=many")


def test_matches_come_in_the_order_that_sort_says(http: TestClient) -> None:
    kept(http, weight("b", value="20"), weight("a", value="3"), weight("none"))
    kept(http, weight("c", value="20", status="amended"))
    http.put("/fhir/Observation/none", json=weight("none") | {"valueQuantity": {"unit": "kg"}})

    def order(keys: str) -> list[str]:
        return ids(asked(http, f"Observation?_sort={keys}"))

    assert order("value-quantity")[0] == "a"
    assert order("-value-quantity")[:2] == ["b", "c"]
    assert order("value-quantity")[-1] == order("-value-quantity")[-1] == "none"
    assert order("status,-value-quantity")[0] == "c"
    assert order("_lastUpdated") == ["b", "a", "c", "none"]
    assert order("-_lastUpdated") == ["none", "c", "a", "b"]
    assert ids(asked(http, "Observation")) == ["b", "a", "none", "c"]


def test_what_has_no_order_cannot_be_sorted_by(http: TestClient) -> None:
    assert "no order" in refused(http, "Patient?_sort=identifier")
    assert "no order" in refused(http, "Observation?_sort=code-value-quantity")
    assert "at most" in refused(http, "Observation?_sort=code,status,-code,-status,_id,category")


ARM = {"coding": [{"system": "http://snomed.info/sct", "code": "368209003"}]}
SHORT = {"status", "code", "subject", "valueQuantity"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_summary=true", SHORT),
        ("_summary=text", {"status", "code"}),
        ("_summary=data", SHORT | {"bodySite"}),
        ("_elements=subject", {"status", "code", "subject"}),
        ("_elements=bodySite,valueQuantity", {"status", "code", "bodySite", "valueQuantity"}),
        ("_summary=false", SHORT | {"bodySite"}),
    ],
)
def test_a_part_of_each_resource_is_marked_as_one(
    http: TestClient, query: str, names: set[str]
) -> None:
    kept(http, weight("o-1", bodySite=ARM))

    [entry] = asked(http, f"Observation?{query}")["entry"]

    tags = [each["code"] for each in entry["resource"]["meta"].get("tag", [])]
    assert entry["resource"].keys() - {"resourceType", "id", "meta"} == names
    assert tags == ([] if query == "_summary=false" else ["SUBSETTED"])
    assert Validator().validate(entry["resource"]) == []


@pytest.mark.parametrize(
    "query",
    [
        "code=29463-7&_count=1", "subject:Patient.gender=female&_include=Observation:subject",
        "patient=ann&date=2020&_total=accurate", "nope=1", "_summary=count", "code=a%2Cb",
    ],
)  # fmt: skip
def test_a_search_by_post_answers_like_one_by_get(http: TestClient, query: str) -> None:
    kept(http, weight("o-1"), weight("o-2"), person("ann"))

    by_get = http.get(f"/fhir/Observation?{query}")
    by_post = http.post("/fhir/Observation/_search", content=query, headers=FORM)

    assert by_post.status_code == by_get.status_code
    assert by_post.json() == by_get.json()


def test_parameters_of_a_post_may_stand_in_the_address_as_well(http: TestClient) -> None:
    kept(http, weight("o-1"), coded("other", "8310-5"))
    body = urlencode({"code": "29463-7"})

    answer = http.post("/fhir/Observation/_search?status=final", content=body, headers=FORM)

    assert ids(answer.json()) == ["o-1"]
    assert applied(answer.json()) == [("status", "final"), ("code", "29463-7")]


@pytest.mark.parametrize("kind", ["application/fhir+json", "text/plain", ""])
def test_a_search_that_is_posted_is_a_form(http: TestClient, kind: str) -> None:
    answer = http.post("/fhir/Patient/_search", content=b"{}", headers={"content-type": kind})

    assert answer.status_code == 415
    assert "form" in answer.json()["issue"][0]["diagnostics"]


def test_a_search_across_types_knows_ids_and_time_of_storing(http: TestClient) -> None:
    kept(http, weight("o-1"), person("ann"), person("ben"))

    assert found(http, "?_type=Patient") == {"ann", "ben"}
    assert found(http, "?_id=ann,o-1") == {"ann", "o-1"}
    assert found(http, "?_id=ann,o-1&_type=Observation") == {"o-1"}
    assert found(http, "?_lastUpdated=gt2000-01-01") == {"o-1", "ann", "ben"}
    assert "_lastUpdated" in refused(http, "?code=1")
    assert "_type" in refused(http, "?_type=Nope")
    assert "_type" in refused(http, "Observation?_type=Patient")
    posted: Any = http.post("/fhir/_search", content="_type=Patient", headers=FORM).json()
    assert set(ids(posted)) == {"ann", "ben"}
    assert link(posted, "self") == "http://testserver/fhir?_type=Patient"
