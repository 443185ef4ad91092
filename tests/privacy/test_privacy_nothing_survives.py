"""Nothing identified survives: every element of every resource is filled with a canary."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.elements import EVERY_RESOURCE, OF_EVERY_RESOURCE, Element
from privacy.records import CleanResource
from tests.support.cleaning import cleaned, cleaner, observation, policy

CANARY = "Zqxcanary Ann-4711-0815"
DAY = "1987-06-05"
HIDDEN = base64.b64encode(CANARY.encode()).decode()
DEEPEST = 7
PRIMITIVES: dict[str, Any] = {
    "boolean": True,
    "decimal": Decimal("1.5"),
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "date": DAY,
    "dateTime": f"{DAY}T01:02:03Z",
    "instant": f"{DAY}T01:02:03Z",
    "base64Binary": HIDDEN,
    "uri": f"http://hl7.org/fhir/{CANARY}",
}


def filled(path: str, depth: int = 0) -> dict[str, Any]:
    """An object with every element it may have, each holding a canary."""
    return {
        element.name: [value] if element.repeats else value
        for element in policy().r4.objects[path]
        if (value := filling(path, element, depth)) is not None
    }


def filling(path: str, element: Element, depth: int) -> Any:
    if element.data_type in PRIMITIVES:
        return PRIMITIVES[element.data_type]
    if element.data_type[0].islower():
        return CANARY
    if element.data_type == "Resource" or depth > DEEPEST:
        return None
    return filled(policy().target(path, element), depth + 1)


@pytest.mark.parametrize("kind", sorted(policy().resources))
def test_no_canary_survives_in_any_element_of(kind: str) -> None:
    common = filled(EVERY_RESOURCE)
    del common["modifierExtension"]
    resource = {**common, **filled(kind), "resourceType": kind, "id": CANARY}
    resource.pop("modifierExtension", None)

    kept = json.dumps(cleaned(resource), default=str)

    assert "Zqxcanary" not in kept
    assert HIDDEN not in kept
    assert DAY not in kept


def test_every_resource_has_the_elements_that_all_have() -> None:
    names = {entry.split()[0].rstrip("!*") for entry in OF_EVERY_RESOURCE.split("; ")}

    assert names == {element.name for element in policy().r4.objects[EVERY_RESOURCE]}


names = st.from_regex(r"Zq[a-z]{6,12}", fullmatch=True)
json_values = st.recursive(
    names | st.booleans() | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "text", "extension", "coding", "url", "valueString", "reference",
                         "code", "system", "status", "subject", "value", "display", "identifier",
                         "contained", "period", "start", "unit", "id"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(elements=st.dictionaries(st.sampled_from(
    ["text", "code", "subject", "valueQuantity", "performer", "component", "note", "category",
     "effectivePeriod", "valueString", "identifier", "referenceRange", "extension", "method"]
), json_values, max_size=5))  # fmt: skip
def test_no_name_survives_in_json_of_any_shape(elements: dict[str, Any]) -> None:
    (answer,) = cleaner().clean_batch([{"id": "a1", **observation(**elements)}])

    kept = _words(answer.body) if isinstance(answer, CleanResource) else []
    assert not any("Zq" in word for word in kept)


@given(family=names, given_name=names, number=st.from_regex(r"[0-9]{7,10}", fullmatch=True))
def test_no_identifier_of_a_patient_survives_anywhere(
    family: str, given_name: str, number: str
) -> None:
    note = f"{given_name} {family} ({number}) lives alone. Ms. {family} fell. MRN {number}."
    data = base64.b64encode(note.encode()).decode()
    patient: dict[str, Any] = {"resourceType": "Patient", "id": number}
    patient["identifier"] = [{"value": number}]
    document: dict[str, Any] = {"resourceType": "DocumentReference", "id": "d1"}
    patient["name"] = [{"family": family, "given": [given_name], "text": f"{given_name} {family}"}]
    document["description"] = note
    document["subject"] = {"reference": f"Patient/{number}", "display": family}
    document["content"] = [{"attachment": {"contentType": "text/plain", "data": data}}]

    answers = cleaner("scrub").clean_batch([patient, document])

    words = [word for a in answers if isinstance(a, CleanResource) for word in _words(a.body)]
    assert len(answers) == sum(isinstance(answer, CleanResource) for answer in answers)
    assert not any(secret in word for word in words for secret in (family, given_name, number))
    assert any("lives alone" in word for word in words)


def _words(value: Any, name: str = "") -> list[str]:
    """Every text in a resource, notes decoded."""
    if isinstance(value, dict):
        return [word for key, item in value.items() for word in _words(item, key)]
    if isinstance(value, list):
        return [word for item in value for word in _words(item, name)]
    if not isinstance(value, str):
        return []
    return [base64.b64decode(value).decode() if name == "data" else value]
