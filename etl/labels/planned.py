"""Whether a readmission was planned, and which diagnoses make no index stay: the CMS lists.

CMS Planned Readmission Algorithm 4.0. In charts it finds 45 % of the planned readmissions, and
half of those it calls planned were (Horwitz et al., J Hosp Med 2015;10:670): the label is noisy,
and says `unknown` where the codes of a stay cannot be mapped.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from etl.labels.ccs import ICD10_SYSTEMS, diagnosis_category, plain, procedure_category
from etl.labels.errors import UnknownLabelSpec
from etl.labels.stays import Stay


@dataclass(frozen=True, slots=True)
class CodeSets:
    """CCS categories of one year's specification.

    Attributes:
        excluded: Name of the group for each category that makes no index stay.
        always_procedures: Procedures for which one is only admitted by plan.
        always_diagnoses: Principal diagnoses of which the same is true.
        procedures: Procedures that are planned unless the diagnosis is acute.
        acute_diagnoses: Principal diagnoses that nobody plans to be admitted for.
        acute_injuries: Pattern of the ICD-10-CM codes of injuries of which the same is true.
    """

    excluded: dict[int, str]
    always_procedures: frozenset[int]
    always_diagnoses: frozenset[int]
    procedures: frozenset[int]
    acute_diagnoses: frozenset[int]
    acute_injuries: str


@cache
def code_sets(label_spec: str) -> CodeSets:
    """The sets of `etl/labels/<label_spec>.toml`.

    Raises:
        UnknownLabelSpec: There is no such file.
    """
    path = Path(__file__).with_name(f"{label_spec.replace('-', '_')}.toml")
    if not path.is_file():
        raise UnknownLabelSpec(label_spec, sorted(known_specs()))
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    groups = table["excluded_index_diagnoses"]
    planned = table["planned"]
    return CodeSets(
        excluded={each: group for group in groups for each in groups[group]},
        always_procedures=frozenset(planned["always_procedures"]),
        always_diagnoses=frozenset(planned["always_diagnoses"]),
        procedures=frozenset(planned["procedures"]),
        acute_diagnoses=frozenset(planned["acute_diagnoses"]),
        acute_injuries=planned["acute_injuries"],
    )


def known_specs() -> list[str]:
    """Names of the specifications we have files for."""
    files = Path(__file__).parent.glob("cms_*.toml")
    return [path.stem.replace("_", "-") for path in files]


def excluded_group(stay: Stay, label_spec: str) -> str | None:
    """cancer, rehabilitation or psychiatric, when the principal diagnosis is of that group."""
    excluded = code_sets(label_spec).excluded
    groups = (excluded.get(category) for category in diagnosis_categories(stay))
    return next((group for group in groups if group), None)


def is_planned(stay: Stay, label_spec: str) -> bool | None:
    """Whether the stay was planned; None when its codes cannot tell, which counts as unplanned."""
    sets = code_sets(label_spec)
    procedures = {procedure_category(pair) for pair in stay.procedures}
    diagnoses = set(diagnosis_categories(stay))
    if procedures & sets.always_procedures or diagnoses & sets.always_diagnoses:
        return True
    if not diagnoses:
        return None
    if diagnoses & sets.acute_diagnoses or is_acute_injury(stay, sets):
        return False
    return True if procedures & sets.procedures else unless_unmapped(procedures)


def is_acute_injury(stay: Stay, sets: CodeSets) -> bool:
    """Whether the principal diagnosis is an injury at its first treatment."""
    codes = (pair.rpartition("//") for pair in stay.principal)
    return any(
        system in ICD10_SYSTEMS and re.fullmatch(sets.acute_injuries, plain(code))
        for system, _, code in codes
    )


def unless_unmapped(procedures: set[int | None]) -> bool | None:
    """Not planned, or not known when a procedure has no category."""
    return None if None in procedures else False


def diagnosis_categories(stay: Stay) -> list[int]:
    """CCS categories of the principal diagnosis, in the order of its codings."""
    categories = map(diagnosis_category, stay.principal)
    return [category for category in categories if category is not None]
