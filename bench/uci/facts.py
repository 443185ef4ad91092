"""Observations of one UCI stay: its counts and flags in one, the two laboratory results apart."""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.uci import codes
from bench.uci.codes import coding, concept
from bench.uci.rows import Stay

Resource = dict[str, Any]

# What the file says -> comparator, number, interpretation; "Norm" of A1c means below 7 %.
A1C = {"Norm": ("<", 7, "N"), ">7": (">", 7, "H"), ">8": (">", 8, "HH")}
WORDS = {
    "age": "age-band",
    "weight": "weight-band",
    "change": "medication-changed",
    "diabetesMed": "diabetes-medicine",
}
GLUCOSE = {"Norm": ("<", 200, "N"), ">200": (">", 200, "H"), ">300": (">", 300, "HH")}


def stay_facts(stay: Stay, at: str) -> Resource:
    """Counts, bands of age and weight, and both flags of the file: components of one Observation.

    Args:
        stay: The stay.
        at: FHIR instant from which all of it is known.
    """
    return _observation(stay, "facts", concept(coding(codes.FACTS, "encounter-facts")), at) | {
        "component": [*_counts(stay), *_words(stay)]
    }


def laboratory(stay: Stay, at: str) -> Iterator[Resource]:
    """A1c and highest glucose, where they were measured; the file gives ranges and no values."""
    yield from _result(stay, at, "A1Cresult", A1C, ("4548-4", "%"))
    yield from _result(stay, at, "max_glu_serum", GLUCOSE, ("2345-7", "mg/dL"))


def _counts(stay: Stay) -> Iterator[Resource]:
    for name, count in stay.counts.items():
        quantity = {"value": count, "system": codes.UCUM, "code": "1"}
        yield {
            "code": concept(coding(codes.FACTS, name.replace("_", "-"))),
            "valueQuantity": quantity,
        }


def _words(stay: Stay) -> Iterator[Resource]:
    """Bands and flags: what the file gives as a word stays a word."""
    for name in ("age", "weight", "change", "diabetesMed"):
        if name in stay.codes:
            word = stay.codes[name].strip("[)").lower()
            yield {
                "code": concept(coding(codes.FACTS, WORDS[name])),
                "valueCodeableConcept": concept(coding(f"{codes.UCI}-{WORDS[name]}", word)),
            }


def _result(
    stay: Stay,
    at: str,
    column: str,
    meaning: Mapping[str, tuple[str, int, str]],
    measured: tuple[str, str],
) -> Iterator[Resource]:
    if column not in stay.codes:
        return
    comparator, value, interpretation = meaning[stay.codes[column]]
    loinc, unit = measured
    quantity = {"value": value, "comparator": comparator, "system": codes.UCUM, "code": unit}
    observation = _observation(stay, loinc, concept(coding(codes.LOINC, loinc)), at)
    category = [concept(coding(f"{codes.TERMINOLOGY}/observation-category", "laboratory"))]
    interpreted = [concept(coding(codes.INTERPRETATION, interpretation))]
    yield observation | {
        "category": category,
        "valueQuantity": quantity,
        "interpretation": interpreted,
    }


def _observation(stay: Stay, name: str, code: Resource, at: str) -> Resource:
    return {
        "resourceType": "Observation",
        "id": f"{stay.encounter_id}-{name}",
        "status": "final",
        "code": code,
        "subject": {"reference": f"Patient/{stay.patient_nbr}"},
        "encounter": {"reference": f"Encounter/{stay.encounter_id}"},
        "effectiveDateTime": at,
        "issued": at,
    }
