"""Searches over HTTP in a few words: what is kept, and which ids are found."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi.testclient import TestClient

FHIR = "/fhir"
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
Resource = dict[str, Any]


def kept(http: TestClient, *resources: Resource) -> None:
    """Store resources under their own ids."""
    for each in resources:
        answer = http.put(f"{FHIR}/{each['resourceType']}/{each['id']}", json=each)
        assert answer.status_code in {200, 201}, answer.text


def asked(http: TestClient, query: str, **headers: str) -> Any:
    """The Bundle that answers a search; the search must be understood."""
    answer = http.get(f"{FHIR}/{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(bundle: Any, mode: str = "match") -> list[str]:
    """Ids of the entries of a mode, in order."""
    found = [each for each in bundle.get("entry", []) if each["search"]["mode"] == mode]
    return [each["resource"]["id"] for each in found]


def found(http: TestClient, query: str) -> set[str]:
    """Ids of what a search matches."""
    return set(ids(asked(http, query)))


def refused(http: TestClient, query: str, status: int = 400) -> str:
    """What a refused search is told."""
    answer = http.get(f"{FHIR}/{query}")
    assert answer.status_code == status, answer.text
    issue = answer.json()["issue"][0]
    return f"{issue['code']}: {issue['diagnostics']}"


def link(bundle: Any, relation: str) -> str:
    """The address of a link; empty where there is none."""
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), "")


def pages(http: TestClient, query: str) -> Iterator[Any]:
    """Every page of a search."""
    address = f"{FHIR}/{query}"
    while address:
        page = http.get(address).json()
        yield page
        address = link(page, "next")


def applied(bundle: Any) -> list[tuple[str, str]]:
    """The parameters of the `self` link."""
    return parse_qsl(urlsplit(link(bundle, "self")).query, keep_blank_values=True)


def weight(id_: str, patient: str = "ann", value: Any = "70.0", **more: Any) -> Resource:
    """A body weight."""
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "29463-7"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "valueQuantity": {"value": float(value), "unit": "kg", "system": UCUM, "code": "kg"},
        **more,
    }


def coded(id_: str, code: str, system: str | None = LOINC, **more: Any) -> Resource:
    """An observation of one code."""
    coding = {"code": code} | ({"system": system} if system else {})
    return weight(id_, code={"coding": [coding]}, **more)


def person(id_: str, **more: Any) -> Resource:
    """A patient."""
    return {"resourceType": "Patient", "id": id_, "gender": "female", **more}


def numbered(id_: str, number: str, system: str = "http://hospital.example/mrn") -> Resource:
    """A patient with a record number."""
    return person(id_, identifier=[{"system": system, "value": number}])


def organization(id_: str, **more: Any) -> Resource:
    """An organization; its name is not stored."""
    return {"resourceType": "Organization", "id": id_, "name": "Any", **more}
