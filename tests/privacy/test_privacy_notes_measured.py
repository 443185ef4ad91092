"""Scrubbing measured on labelled notes: what it finds, what it spares, what it never misses."""

import json
import re
from collections.abc import Iterator
from typing import Any

from privacy.leaks.identifiers import Identifiers
from privacy.notes.known_names import KnownNames
from privacy.notes.scrub import scrub
from tests.support.data import shared_data

PEOPLE_AND_PLACES_OF_WORK = {"PROVIDER", "ORG"}  # beyond HIPAA's list
WORD = re.compile(r"[^\W_]+")


def labelled(name: str) -> Iterator[tuple[dict[str, Any], bytearray]]:
    """Each labelled note, with a mark on every character that scrubbing took."""
    for line in (shared_data("deid_notes_dev") / name).read_text(encoding="utf-8").splitlines():
        note = json.loads(line)
        taken = bytearray(len(note["text"]))
        for span in scrub(note["text"], _known(note["known"]), -70).spans:
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
        yield note, taken


def _known(names: dict[str, Any]) -> KnownNames:
    people = {tuple(names[who]) for who in ("patient", "relative") if names.get(who)}
    return KnownNames.of(
        Identifiers(people=people | {tuple(p) for p in names.get("providers", [])})
    )


def is_taken(note: dict[str, Any], taken: bytearray, span: dict[str, Any]) -> bool:
    places = range(span["start"], span["end"])
    return all(taken[i] for i in places if note["text"][i].isalnum())


def test_ninety_nine_of_a_hundred_identifiers_are_found_whole() -> None:
    found = [
        is_taken(note, taken, span)
        for note, taken in labelled("notes.jsonl")
        for span in note["spans"]
        if span["label"] not in PEOPLE_AND_PLACES_OF_WORK
    ]

    assert sum(found) / len(found) >= 0.99


def test_nine_notes_of_ten_leak_nothing() -> None:
    clean = [
        all(is_taken(note, taken, span) for span in note["spans"])
        for note, taken in labelled("notes.jsonl")
        if note["spans"]
    ]

    assert sum(clean) / len(clean) >= 0.92


def test_harmless_words_are_spared() -> None:
    spared = touched = 0
    for note, taken in labelled("notes.jsonl"):
        known = note["spans"] + note["neutral"]
        inside = {i for span in known for i in range(span["start"], span["end"])}
        for word in WORD.finditer(note["text"]):
            if not inside & set(range(*word.span())):
                touched += any(taken[word.start() : word.end()])
                spared += 1

    assert touched / spared <= 0.025


def test_questions_of_clinicians_lose_their_names() -> None:
    touched = [
        any(taken[span["start"] : span["end"]])
        for note, taken in labelled("asq_phi.jsonl")
        for span in note["spans"]
    ]

    assert sum(touched) / len(touched) >= 0.97
