"""What a check from outside found of refusals: each of these was answered otherwise once."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from tests.support.instance import served

FHIR = "/fhir"
NAME = "Quillfeather 123-45-6789"


@pytest.fixture
def http(engine: Engine) -> Iterator[TestClient]:
    with served(engine) as client:
        yield client


@pytest.mark.parametrize(
    "content",
    [
        {NAME: 1},
        {"name": [{NAME: "x"}]},
        {"contact": [{"name": {NAME: {}}}]},
        {"maritalStatus": {"coding": [{NAME: 1}]}},
        {"extension": [{"url": "urn:x", NAME: 1}]},
        {"contained": [{"resourceType": "Organization", "id": "o", NAME: 1}]},
        {"q" * 100_000: 1},
    ],
)
@pytest.mark.parametrize("path", ["Patient", "Patient/$validate", ""])
def test_no_refusal_repeats_a_name_that_is_no_element(
    http: TestClient, path: str, content: dict[str, Any]
) -> None:
    patient = {"resourceType": "Patient", **content}
    entry = {"resource": patient, "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    answer = http.post(f"{FHIR}/{path}", json=patient if path else bundle)

    assert "an element that R4 does not know" in answer.text
    assert NAME not in answer.text
    assert len(answer.text) < 5_000
