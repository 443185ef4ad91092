"""Long-term illnesses by the Charlson groups, from every ICD diagnosis known so far.

Groups, prefixes and weights stand in `comorbidities.toml`. A patient without any ICD diagnosis
is unknown here, not healthy.
"""

import tomllib
from collections.abc import Iterable
from functools import cache, lru_cache
from math import nan
from pathlib import Path
from typing import NamedTuple

from etl.features.feature import Feature
from etl.features.view import View
from etl.labels.ccs import ICD9_SYSTEMS, ICD10_SYSTEMS, plain

TABLE = Path(__file__).with_name("comorbidities.toml")
LONGEST_PREFIX = 5
MILDER = {
    "diabetes_with_complications": "diabetes",
    "severe_liver": "mild_liver",
    "metastatic_cancer": "cancer",
}


class Group(NamedTuple):
    """One comorbidity: how it is called, and what it weighs in the two scores."""

    words: str
    weight: int
    lace: int


def read_groups() -> dict[str, Group]:
    """The groups in the order of the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: Group(row["words"], row["weight"], row["lace"]) for name, row in table.items()}


GROUPS = read_groups()
FEATURES = (
    *(
        Feature(
            f"has_{name}", group.words[0].upper() + group.words[1:], "yes/no",
            "Condition.code (ICD-10-CM, ICD-9-CM)", "ever, this stay included",
            "comorbidity", group.words, f"no {group.words.removeprefix('a ')} on record",
        )
        for name, group in GROUPS.items()
    ),
    Feature(
        "charlson", "Charlson comorbidity index, without age", "points",
        "Condition.code (ICD-10-CM, ICD-9-CM)", "ever, this stay included",
        "comorbidity", "Charlson comorbidity index of {value}",
    ),
)  # fmt: skip


def comorbidities(view: View) -> dict[str, float]:
    """1.0 or 0.0 for each group and the index; NaN without an ICD diagnosis."""
    groups = groups_known(view)
    if groups is None:
        return dict.fromkeys((feature.name for feature in FEATURES), nan)
    values = {f"has_{name}": float(name in groups) for name in GROUPS}
    values["charlson"] = float(sum(GROUPS[name].weight for name in worst_only(groups)))
    return values


def groups_known(view: View) -> set[str] | None:
    """Groups of all ICD diagnoses; None when there is no such diagnosis."""
    groups: set[str] = set()
    coded = False
    for line in view.lines:
        if line.kind in ("DIAGNOSIS", "CLAIM_DX"):
            found = groups_of(line.rest)
            coded = coded or found is not None
            groups.update(found or ())
    return groups if coded else None


def worst_only(groups: Iterable[str]) -> set[str]:
    """The groups without the mild form of one that is there in its severe form."""
    there = set(groups)
    return there - {mild for severe, mild in MILDER.items() if severe in there}


@lru_cache(maxsize=65_536)
def groups_of(pair: str) -> tuple[str, ...] | None:
    """Groups of a diagnosis given as `system//code`; None when the code is no ICD code.

    >>> groups_of("http://hl7.org/fhir/sid/icd-10-cm//I50.22")
    ('heart_failure',)
    """
    system, _, code = pair.rpartition("//")
    column = "icd10" if system in ICD10_SYSTEMS else "icd9" if system in ICD9_SYSTEMS else None
    if column is None:
        return None
    bare, table = plain(code), prefixes(column)
    found = {table[bare[:size]] for size in range(3, LONGEST_PREFIX + 1) if bare[:size] in table}
    return tuple(sorted(found))


@cache
def prefixes(column: str) -> dict[str, str]:
    """Group of each code prefix of one code system."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        prefix: name
        for name, row in table.items()
        for span in row[column]
        for prefix in spelled_out(span)
    }


def spelled_out(span: str) -> list[str]:
    """Every prefix of a span.

    >>> spelled_out("I425-I427")
    ['I425', 'I426', 'I427']
    """
    first, _, last = span.partition("-")
    if not last:
        return [first]
    letters = first.rstrip("0123456789")
    size = len(first) - len(letters)
    numbers = range(int(first[len(letters) :]), int(last[len(letters) :]) + 1)
    return [f"{letters}{number:0{size}d}" for number in numbers]
