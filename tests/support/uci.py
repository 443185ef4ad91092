"""Invented stays in the shape of the UCI Diabetes-130 file, drawn or random."""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from bench.uci.rows import CODES, COUNTS, DRUGS, Stay, stay_of

HEADER = ("encounter_id", "patient_nbr", "time_in_hospital", "readmitted", *CODES, *COUNTS, *DRUGS)
PLAIN = {
    "race": "Caucasian",
    "gender": "Female",
    "age": "[70-80)",
    "weight": "?",
    "admission_type_id": "1",
    "discharge_disposition_id": "1",
    "admission_source_id": "7",
    "payer_code": "MC",
    "medical_specialty": "Cardiology",
    "diag_1": "428",
    "diag_2": "250.02",
    "diag_3": "V27",
    "max_glu_serum": "None",
    "A1Cresult": "None",
    "change": "No",
    "diabetesMed": "No",
}


def uci_row(encounter_id: int, patient_nbr: int, readmitted: str = "NO", **other: str) -> dict:
    """A row of the file; what is not named is an ordinary stay of three days."""
    row = dict.fromkeys(DRUGS, "No") | dict.fromkeys(COUNTS, "1") | PLAIN
    row |= {"encounter_id": str(encounter_id), "patient_nbr": str(patient_nbr)}
    return row | {"time_in_hospital": "3", "readmitted": readmitted} | other


def uci_stay(encounter_id: int, patient_nbr: int, readmitted: str = "NO", **other: str) -> Stay:
    """The same as `uci_row`, read."""
    return stay_of(uci_row(encounter_id, patient_nbr, readmitted, **other))


def write_uci(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    """The rows as a packed CSV file."""
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


@st.composite
def uci_patients(draw: st.DrawFn) -> list[Stay]:
    """All stays of one invented patient, oldest first, with any labels and dispositions."""
    patient_nbr = draw(st.integers(1, 10**9))
    count = draw(st.integers(1, 6))
    return [uci_stay(1000 + place, patient_nbr, **_anything(draw)) for place in range(count)]


def _anything(draw: st.DrawFn) -> dict[str, str]:
    return {
        "readmitted": draw(st.sampled_from(["<30", ">30", "NO"])),
        "time_in_hospital": str(draw(st.integers(1, 14))),
        "discharge_disposition_id": str(draw(st.sampled_from([*range(1, 31)]))),
        "admission_type_id": str(draw(st.integers(1, 8))),
        "admission_source_id": str(draw(st.sampled_from([1, 4, 7, 9, 14, 17, 20, 22, 25]))),
        "race": draw(st.sampled_from(["Caucasian", "Hispanic", "Other", "?"])),
        "gender": draw(st.sampled_from(["Female", "Male", "Unknown/Invalid"])),
        "age": draw(st.sampled_from(["[0-10)", "[50-60)", "[90-100)"])),
        "weight": draw(st.sampled_from(["?", "[75-100)", ">200"])),
        "diag_1": draw(st.sampled_from(["?", "8", "250.83", "V27", "E909", "162"])),
        "diag_3": draw(st.sampled_from(["?", "401"])),
        "payer_code": draw(st.sampled_from(["?", "MC"])),
        "A1Cresult": draw(st.sampled_from(["None", "Norm", ">7", ">8"])),
        "max_glu_serum": draw(st.sampled_from(["None", "Norm", ">200", ">300"])),
        "insulin": draw(st.sampled_from(["No", "Steady", "Up", "Down"])),
        "glyburide-metformin": draw(st.sampled_from(["No", "Steady"])),
    }
