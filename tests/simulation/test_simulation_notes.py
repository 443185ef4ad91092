"""What only the notes tell: it is written, denied or resembled, and stands in no code."""

from datetime import date
from random import Random
from typing import Any

import numpy as np
import pytest

from homeward.simulation.factors import FACTORS, lasting_factors, passing_factors, text_logit
from homeward.simulation.notes.formats import DATE_STYLES, NAME_STYLES, phone
from homeward.simulation.notes.marked import Fact
from homeward.simulation.notes.social import phrases, placed, sentences
from homeward.simulation.people import Name

NONE: frozenset[str] = frozenset()


def said(seed: int, present: frozenset[str]) -> dict[str, str]:
    """How each factor is spoken of in either note."""
    notes = placed(Random(seed), present)
    return dict(notes["summary"]) | dict(notes["nursing"])


@pytest.mark.parametrize("name", list(FACTORS))
def test_a_factor_that_is_there_is_nearly_always_written(name: str) -> None:
    manners = [said(seed, frozenset({name})).get(name) for seed in range(300)]

    assert set(manners) <= {"present", None}
    assert manners.count("present") / 300 > 0.92


@pytest.mark.parametrize("name", list(FACTORS))
def test_a_factor_that_is_absent_is_denied_or_resembled_at_most(name: str) -> None:
    manners = {said(seed, NONE).get(name) for seed in range(300)}

    assert manners == {"absent", "other", None}


def test_a_factor_may_stand_in_either_note_or_both() -> None:
    present = frozenset({"misses_doses"})
    seen = set()
    for seed in range(100):
        notes = placed(Random(seed), present)
        seen.add(tuple(("misses_doses", "present") in notes[n] for n in ("summary", "nursing")))

    assert {(True, False), (False, True), (True, True)} <= seen


def test_one_factor_is_written_in_many_ways() -> None:
    facts = dict.fromkeys(
        ["subject", "Subject", "object", "possessive", "Possessive", "reflexive", "relation",
         "Relation_cap", "relative_first", "Relative_first", "pharmacy", "practice"],
        Fact("x"),
    )  # fmt: skip
    for name in FACTORS:
        texts = {sentences(Random(s), [(name, "present")], facts)[0].text for s in range(300)}
        assert len(texts) >= 15, name


def test_nobody_has_both_no_help_and_strong_support() -> None:
    both = {"no_help_at_home", "strong_support"}

    assert not any(both <= lasting_factors(Random(seed)) for seed in range(500))


def test_passing_factors_belong_to_stays_alone() -> None:
    of_stays = {name for name, factor in FACTORS.items() if factor.of_stay}

    assert frozenset.union(*(passing_factors(Random(s)) for s in range(300))) == of_stays


def test_the_text_part_is_the_sum_of_its_factors() -> None:
    assert text_logit(NONE) == 0.0
    assert text_logit(frozenset(FACTORS)) == pytest.approx(
        sum(factor.log_odds for factor in FACTORS.values())
    )


def test_first_discharges_show_nothing_of_the_text_in_the_codes(large: Any) -> None:
    first: dict[str, Any] = {}
    for row in large.truth:
        first.setdefault(row["patient"], row)
    shown = [row["structured_logit"] for row in first.values()]
    text = [row["text_logit"] for row in first.values()]

    assert abs(np.corrcoef(shown, text)[0, 1]) < 0.1


def test_no_condition_is_a_social_circumstance(large: Any) -> None:
    codes = {one["code"]["coding"][0]["code"] for one in large.everything("Condition")}

    assert not {code for code in codes if code.startswith(("Z5", "Z6", "Z7", "Z9"))} - {"Z51.11"}


def test_some_stays_lack_a_note(small: Any) -> None:
    kinds: dict[str, set[str]] = {}
    for name in small.histories:
        for one in small.resources(name).values():
            if one["resourceType"] == "DocumentReference":
                stay = one["context"]["encounter"][0]["reference"]
                kinds.setdefault(stay, set()).add(one["type"]["coding"][0]["code"])

    assert {frozenset(k) for k in kinds.values()} == {
        frozenset({"18842-5"}), frozenset({"34746-8"}), frozenset({"18842-5", "34746-8"}),
    }  # fmt: skip


def test_every_phrase_is_used_once_in_the_table() -> None:
    lines = [p for kinds in phrases().values() for kind in kinds.values() for p in kind]

    assert len(lines) == len(set(lines))


def test_a_number_keeps_its_digits_however_it_is_written() -> None:
    for seed in range(20):
        written = phone(Random(seed), "(603) 555-0142")
        assert "".join(c for c in written if c.isdigit()).removeprefix("1") == "6035550142"


def test_every_way_to_write_a_name_keeps_its_words() -> None:
    for style in NAME_STYLES:
        written = style(Name("Mary Ann", "O'Brien")).lower().replace(",", "")
        assert sorted(written.split()) == ["ann", "mary", "o'brien"]


def test_every_way_to_write_a_date_tells_the_day() -> None:
    for style in DATE_STYLES:
        assert style(date(2026, 3, 14)) != style(date(2026, 3, 15))
