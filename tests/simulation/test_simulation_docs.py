"""The explanation says the numbers that the code has."""

from pathlib import Path

import pytest

from homeward.simulation import risk
from homeward.simulation.factors import FACTORS, Factor
from homeward.simulation.measures import MEASURES, Measure

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "simulated-hospital.md"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return PAGE.read_text("utf-8").splitlines()


def line_with(lines: list[str], words: str) -> str:
    return next(line for line in lines if words in line)


@pytest.mark.parametrize("factor", FACTORS.values(), ids=lambda f: f.name)
def test_each_factor_stands_with_its_share_and_weight(lines: list[str], factor: Factor) -> None:
    line = line_with(lines, f"| {factor.name.replace('_', ' ')} |")

    assert f"{factor.share:.0%}".replace("%", " %") in line
    assert f"{factor.log_odds:+.2f}" in line


@pytest.mark.parametrize("measure", MEASURES.values(), ids=lambda m: m.name)
def test_each_measure_stands_with_its_code_and_effect(lines: list[str], measure: Measure) -> None:
    line = line_with(lines, measure.code)

    assert f"{measure.odds_ratio:.2f}" in line
    assert f"{measure.odds_ratio_more:.2f}" in line
    assert f"day {measure.delay.days}" in line


@pytest.mark.parametrize(
    ("words", "weight"),
    [
        ("stay in the year before", risk.PRIOR_STAY),
        ("emergency visit in the half year", risk.EMERGENCY_VISIT),
        ("haemoglobin at discharge", risk.HAEMOGLOBIN_GRAM),
        ("sodium at discharge", risk.SODIUM_BELOW),
        ("length of the episode", risk.LENGTH_OF_STAY),
        ("| emergency admission", risk.EMERGENCY_STAY),
        ("eight drugs or more at discharge", risk.MANY_DRUGS),
        ("age, each decade", risk.AGE_DECADE),
        ("log odds = ", risk.INTERCEPT),
    ],
)
def test_each_weight_stands_beside_its_words(lines: list[str], words: str, weight: float) -> None:
    assert f"{abs(weight):.2f}" in line_with(lines, words)


def test_each_field_of_the_truth_is_explained(truth_rows: list[dict[str, object]]) -> None:
    page = PAGE.read_text("utf-8")

    assert all(f"`{name}`" in page for name in truth_rows[0].keys() - {"horizon_days"})


@pytest.fixture(scope="module")
def truth_rows(small: object) -> list[dict[str, object]]:
    return small.truth  # type: ignore[attr-defined, no-any-return]
