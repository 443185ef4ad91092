"""Code systems of the converter, and the tables of `codes.toml`."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OURS = "http://homeward.dev/fhir"
FACTS = f"{OURS}/encounter-facts"
UCI = f"{OURS}/uci"
MEDICATION = f"{OURS}/uci-medication"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
ACT_CODE = f"{TERMINOLOGY}/v3-ActCode"
ACT_PRIORITY = f"{TERMINOLOGY}/v3-ActPriority"
ADMIT_SOURCE = f"{TERMINOLOGY}/admit-source"
INTERPRETATION = f"{TERMINOLOGY}/v3-ObservationInterpretation"
NUBC_STATUS = "https://www.nubc.org/CodeSystem/PatDischargeStatus"
ICD_9_CM = "http://hl7.org/fhir/sid/icd-9-cm"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
OMB = "urn:oid:2.16.840.1.113883.6.238"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"

TABLES: Mapping[str, Mapping[str, str]] = tomllib.loads(
    (Path(__file__).parent / "codes.toml").read_text(encoding="utf-8")
)


def coding(system: str, code: str) -> dict[str, str]:
    """One FHIR Coding without display: the code says it all."""
    return {"system": system, "code": code}


def concept(*codings: dict[str, str]) -> dict[str, Any]:
    """One FHIR CodeableConcept; the most widely known coding first."""
    return {"coding": list(codings)}


def translated(table: str, system: str, number: str | None) -> list[dict[str, str]]:
    """The standard coding of a number of the file, then the file's own; none when unknown.

    Our own code is `uci-21` and not `21`: a bare number means something else in other systems.
    """
    if number is None:
        return []
    standard = TABLES[table].get(number)
    own = coding(f"{UCI}-{table.replace('_', '-')}", f"uci-{number}")
    return [coding(system, standard), own] if standard else [own]


def icd9(code: str) -> str:
    """An ICD-9-CM code as it is printed: the file lost the leading zeros of the numeric ones.

    >>> icd9("8"), icd9("250.83"), icd9("V27"), icd9("E909")
    ('008', '250.83', 'V27', 'E909')
    """
    whole, dot, rest = code.partition(".")
    return f"{whole.zfill(3)}{dot}{rest}" if whole.isdigit() else code
