"""One row of the UCI Diabetes-130 file, and how files of them are read.

Strack et al. 2014, https://doi.org/10.24432/C5230J: 101,766 stays in 130 US hospitals, 1999-2008.
"""

import csv
import gzip
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TextIO, cast

DRUGS = (
    "metformin",
    "repaglinide",
    "nateglinide",
    "chlorpropamide",
    "glimepiride",
    "acetohexamide",
    "glipizide",
    "glyburide",
    "tolbutamide",
    "pioglitazone",
    "rosiglitazone",
    "acarbose",
    "miglitol",
    "troglitazone",
    "tolazamide",
    "examide",
    "citoglipton",
    "insulin",
    "glyburide-metformin",
    "glipizide-metformin",
    "glimepiride-pioglitazone",
    "metformin-rosiglitazone",
    "metformin-pioglitazone",
)
COUNTS = (
    "num_lab_procedures",
    "num_procedures",
    "num_medications",
    "number_outpatient",
    "number_emergency",
    "number_inpatient",
    "number_diagnoses",
)
CODES = (
    "race",
    "gender",
    "age",
    "weight",
    "admission_type_id",
    "discharge_disposition_id",
    "admission_source_id",
    "payer_code",
    "medical_specialty",
    "diag_1",
    "diag_2",
    "diag_3",
    "max_glu_serum",
    "A1Cresult",
    "change",
    "diabetesMed",
)
COLUMNS = frozenset(
    ("encounter_id", "patient_nbr", "time_in_hospital", "readmitted", *COUNTS, *CODES, *DRUGS)
)
UNKNOWN = frozenset({"", "?", "None", "Unknown/Invalid"})
DEATH_OR_HOSPICE = frozenset({"11", "13", "14", "19", "20", "21"})


class UnusableFile(ValueError):
    """The file is not the UCI Diabetes-130 table; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One hospital stay as the file gives it.

    Attributes:
        encounter_id: The file's own number; its order within a patient is a good clock.
        patient_nbr: The file's own number of the patient.
        days: Nights in hospital, 1 to 14.
        readmitted: `<30`, `>30` or `NO`, as published.
        codes: Column to code or word; what is unknown is left out.
        counts: Column to whole number.
        drugs: Drug to `Steady`, `Up` or `Down`; what was not given is left out.
    """

    encounter_id: int
    patient_nbr: int
    days: int
    readmitted: str
    codes: Mapping[str, str]
    counts: Mapping[str, int]
    drugs: Mapping[str, str]

    @property
    def is_scored(self) -> bool:
        """False where the stay ended in death or hospice: nobody comes back from there."""
        return self.codes.get("discharge_disposition_id") not in DEATH_OR_HOSPICE

    @property
    def is_readmitted(self) -> bool:
        """The published label: back in hospital in less than 30 days."""
        return self.readmitted == "<30"


def read_stays(path: Path) -> list[Stay]:
    """Every stay of a `.csv` or `.csv.gz`, in the order of the file.

    Raises:
        UnusableFile: A column is missing, or an encounter stands twice.
    """
    with open_text(path) as text:
        reader = csv.DictReader(text)
        missing = sorted(COLUMNS - set(reader.fieldnames or ()))
        if missing:
            raise UnusableFile(
                f"{path.name} lacks the columns {', '.join(missing)}. Give the UCI file."
            )
        stays = [stay_of(row) for row in reader]
    if len({stay.encounter_id for stay in stays}) != len(stays):
        raise UnusableFile(f"{path.name} holds an encounter_id twice. Remove the repeated rows.")
    return stays


def stay_of(row: Mapping[str, str]) -> Stay:
    """The stay in one row of the table; words are interned, since a million repeat."""
    return Stay(
        encounter_id=int(row["encounter_id"]),
        patient_nbr=int(row["patient_nbr"]),
        days=int(row["time_in_hospital"]),
        readmitted=sys.intern(row["readmitted"]),
        codes={name: sys.intern(row[name]) for name in CODES if row[name] not in UNKNOWN},
        counts={name: int(row[name]) for name in COUNTS},
        drugs={name: sys.intern(row[name]) for name in DRUGS if row[name] != "No"},
    )


def by_patient(stays: Iterable[Stay]) -> Iterator[list[Stay]]:
    """The stays of each patient together, oldest first."""
    ordered = sorted(stays, key=lambda stay: (stay.patient_nbr, stay.encounter_id))
    for _, group in groupby(ordered, key=lambda stay: stay.patient_nbr):
        yield list(group)


def open_text(path: Path) -> TextIO:
    """A text file, unpacked on the way when it ends in `.gz`; line ends are kept as they are."""
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")
