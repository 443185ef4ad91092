"""Scrubbing finds names, numbers, places and dates, and leaves the clinical words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.leaks.identifiers import Identifiers
from privacy.notes.known_names import KnownNames
from privacy.notes.patterns import patterns
from privacy.notes.scrub import scrub

NOBODY = KnownNames()


def scrubbed(text: str, known: KnownNames = NOBODY, days: int = -7) -> str:
    return scrub(text, known, days).text


def knows(*people: str, **others: Any) -> KnownNames:
    return KnownNames.of(Identifiers(people={tuple(p.split()) for p in people}, **others))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("MRN: 12345678", "MRN: [ID]"),
        ("SSN 123-45-6789 on file", "SSN [ID] on file"),
        ("Call (617) 555-0100 x12", "Call [CONTACT]"),
        ("mail ann.doe@example.org today", "mail [CONTACT] today"),
        ("see https://portal.example.org/p/17", "see [CONTACT]"),
        ("lives at 12 Old Elm Street, Apt 4", "lives at [GEO]"),
        ("moved from Springfield, IL last year", "moved from [GEO] last year"),
        ("Account # 99-1234-A", "Account # [ID]"),
        ("a 94-year-old woman", "a [AGE90]-year-old woman"),
        ("a 74-year-old woman", "a 74-year-old woman"),
        ("from 10.1.2.3", "from [CONTACT]"),
    ],
)
def test_numbers_and_addresses_are_found_by_their_shape(text: str, clean: str) -> None:
    assert scrubbed(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Seen 2024-05-06.", "Seen 2024-04-29."),
        ("Seen 5/6/2024.", "Seen 2024-04-29."),
        ("Seen 05/06/24.", "Seen 2024-04-29."),
        ("Seen May 6, 2024.", "Seen 2024-04-29."),
        ("Seen 6 May 2024.", "Seen 2024-04-29."),
        ("Seen on 5/6 again", "Seen on [DATE] again"),
        ("since May 6th", "since [DATE]"),
        ("in March 2024", "in 2024-03"),
        ("last seen in March", "last seen in [DATE]"),
        ("since 2019", "since 2019"),
        ("BP 120/80, strength 5/5, pain 3/10", "BP 120/80, strength 5/5, pain 3/10"),
    ],
)
def test_dates_move_and_measurements_stay(text: str, clean: str) -> None:
    assert scrubbed(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Dr. Xylander saw her", "Dr. [NAME] saw her"),
        ("Ordered by Ida Q. Mosswood, MD", "Ordered by [NAME], MD"),
        ("Patient: Mosswood, Ida", "Patient: [NAME]"),
        ("her daughter Zuleika will help", "her daughter [NAME] will help"),
        ("met Anneke van der Mosswood there", "met [NAME] there"),
        ("She was sent to Riverbend Memorial Hospital.", "She was sent to [ORG]."),
        ("He works at Bright Path Bakery now", "He works at [ORG] now"),
        ("lives in New Mosswood now", "lives in [GEO] now"),
    ],
)
def test_unknown_names_are_found_by_the_words_around_them(text: str, clean: str) -> None:
    assert scrubbed(text) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("quuxford reports pain", "[NAME] reports pain"),
        ("QUUXFORD'S wound", "[NAME]'S wound"),
        ("Zoe and her husband", "[NAME] and her husband"),
        ("Ms. Long said no", "Ms. [NAME] said no"),
        ("a long stay", "a long stay"),
        ("Liz is better", "[NAME] is better"),
    ],
)
def test_names_of_the_batch_are_found_however_written(text: str, clean: str) -> None:
    assert scrubbed(text, knows("Zoë Quuxford", "Elizabeth Long")) == clean


def test_numbers_and_places_of_the_batch_are_found() -> None:
    known = knows(numbers={"K7-Q9-Z1"}, lines={"1 Aa"}, places={"Green Door"}, cities={"Reading"})

    clean = scrubbed("k7 q9 z1 at Green Door, Reading; reading glasses", known)

    assert clean == "[ID] at [GEO], [GEO]; reading glasses"


@pytest.mark.parametrize(
    "text",
    [
        "Chest pain, shortness of breath and lower extremity edema.",
        "Lisinopril 40 mg daily, Lasix 20 mg, metformin 500 mg BID.",
        "History of hypertension and type 2 diabetes. A1c 7.4, LVEF 45%.",
        "Lives alone, no one to help with pills. Missed last two appointments.",
    ],
)
def test_clinical_words_stay(text: str) -> None:
    assert scrubbed(text) == text


@given(text=st.text(max_size=300))
def test_any_text_is_scrubbed_the_same_way_twice(text: str) -> None:
    result = scrub(text, NOBODY, -7)

    assert result == scrub(text, NOBODY, -7)
    ends = [0, *(span.end for span in result.spans)]
    assert all(span.start >= end for span, end in zip(result.spans, ends, strict=False))


@given(text=st.text(max_size=200), name=st.from_regex(r"[A-Z][a-z]{5,10}x", fullmatch=True))
def test_a_name_of_the_batch_never_survives(text: str, name: str) -> None:
    note = f"{text} {name} {text}"

    assert name not in scrubbed(note, knows(name))


WORST = ("a" * 100_000, "1" * 100_000, "1 " * 50_000, "A. " * 33_000, "Aa " * 33_000, "@." * 50_000)
DASHED = (
    "1-" * 50_000,
    "a@" * 50_000,
    "A-" * 50_000,
    "\n" * 100_000,
    "#" * 100_000,
    "http://" * 14_000,
)


@pytest.mark.parametrize("text", [*WORST, *DASHED], ids=lambda text: repr(text[:8]))
def test_every_pattern_reads_its_worst_text_to_the_end(text: str) -> None:
    for pattern in patterns():
        assert sum(1 for _ in pattern.regex.finditer(text)) <= len(text)


def test_overlapping_finds_become_one() -> None:
    (span,) = scrub("Patient: Ann Doe, MD", NOBODY, -7).spans

    assert (span.start, span.end, span.label) == (9, 16, "NAME")
