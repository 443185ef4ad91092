"""The gold labels: every span is the patient's own, and nothing identifying stands outside one."""

import re
from base64 import b64decode
from typing import Any

import orjson
import pytest

from homeward.simulation.tables.read import table

Json = dict[str, Any]
LABELS = {"NAME", "DATE", "AGE90", "GEO", "CONTACT", "ID", "PROVIDER", "ORG"}


@pytest.fixture(scope="session")
def notes(small: Any) -> list[tuple[Json, Json]]:
    """(patient, gold line) of every note."""
    found = []
    for name in small.histories:
        resources = small.resources(name)
        patient = next(r for r in resources.values() if r["resourceType"] == "Patient")
        found += [(patient, small.gold[i]) for i in resources if i in small.gold]
    return found


def spans(line: Json, label: str) -> list[str]:
    return [line["text"][start:end] for start, end, name in line["spans"] if name == label]


def words(names: list[Json]) -> set[str]:
    parts = " ".join(" ".join([*name["given"], name["family"]]) for name in names)
    return set(parts.lower().split())


def outside(line: Json) -> str:
    """The text with every span blotted out."""
    text = line["text"]
    for start, end, _ in reversed(line["spans"]):
        text = f"{text[:start]}*{text[end:]}"
    return str(text)


def test_every_note_has_its_gold_line_with_the_same_text(small: Any) -> None:
    documents = small.everything("DocumentReference")

    assert {one["id"] for one in documents} == small.gold.keys()
    for one in documents:
        text = b64decode(one["content"][0]["attachment"]["data"]).decode()
        assert text == small.gold[one["id"]]["text"]


def test_spans_are_in_order_apart_and_of_a_known_label(small: Any) -> None:
    for line in small.gold.values():
        edges = [edge for start, end, _ in line["spans"] for edge in (start, end)]
        assert edges == sorted(edges)
        assert {label for *_, label in line["spans"]} <= LABELS
        assert all(start < end <= len(line["text"]) for start, end, _ in line["spans"])


def test_a_name_is_the_patients_or_the_relatives(notes: list[tuple[Json, Json]]) -> None:
    for patient, line in notes:
        own = words([*patient["name"], *(one["name"] for one in patient["contact"])])
        for name in spans(line, "NAME"):
            assert set(name.lower().replace(",", "").split()) <= own


def test_a_provider_works_at_the_hospital(notes: list[tuple[Json, Json]], small: Any) -> None:
    people = [e["resource"] for e in small.hospital["entry"]]
    staff = words([name for one in people if one["resourceType"] == "Practitioner"
                   for name in one["name"]])  # fmt: skip
    for _, line in notes:
        for name in spans(line, "PROVIDER"):
            assert set(name.lower().split()) <= staff


def test_a_place_is_the_patients_home(notes: list[tuple[Json, Json]]) -> None:
    for patient, line in notes:
        home = patient["address"][0]
        assert set(spans(line, "GEO")) <= {home["line"][0], home["city"], home["postalCode"]}


def test_an_organisation_is_of_the_hospital_or_the_town(
    notes: list[tuple[Json, Json]], small: Any
) -> None:
    names = table("names")
    known = {n for key in ("pharmacies", "agencies", "facilities", "employers") for n in names[key]}
    known |= {e["resource"].get("name") for e in small.hospital["entry"]
              if e["resource"]["resourceType"] == "Organization"}  # fmt: skip
    for _, line in notes:
        assert set(spans(line, "ORG")) <= known


def test_only_ages_from_ninety_on_are_labelled(notes: list[tuple[Json, Json]]) -> None:
    ages = [int(age) for _, line in notes for age in spans(line, "AGE90")]

    assert ages
    assert min(ages) >= 90
    for _, line in notes:
        assert not re.search(r"\b(9\d|10\d)[- ]year", outside(line))


def test_no_number_or_name_of_the_patient_stands_outside_a_span(
    notes: list[tuple[Json, Json]],
) -> None:
    for patient, line in notes:
        rest = outside(line).lower()
        name = patient["name"][0]
        own = [identifier["value"] for identifier in patient["identifier"]]
        own += [telecom["value"] for telecom in patient["telecom"]]
        own += [patient["address"][0]["line"][0], patient["birthDate"]]
        own += [f"{' '.join(name['given'])} {name['family']}"]
        assert not [value for value in own if value.lower() in rest]


def test_no_date_stands_outside_a_span(notes: list[tuple[Json, Json]]) -> None:
    looks_like_a_date = re.compile(r"\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{4}-\d\d-\d\d\b")
    for _, line in notes:
        assert not looks_like_a_date.search(outside(line))


def test_what_the_bundle_gives_away_is_listed_as_known(notes: list[tuple[Json, Json]]) -> None:
    for patient, line in notes:
        name, relative = patient["name"][0], patient["contact"][0]["name"]
        assert line["known"]["patient"] == [" ".join(name["given"]), name["family"]]
        assert line["known"]["relative"] == [" ".join(relative["given"]), relative["family"]]
        assert len(line["known"]["providers"]) == 3


def test_notes_differ_in_how_they_write_a_date(notes: list[tuple[Json, Json]]) -> None:
    shapes = {re.sub(r"\d", "9", re.sub(r"[A-Z][a-z]+", "Mon", date))
              for _, line in notes for date in spans(line, "DATE")}  # fmt: skip

    assert len(shapes) >= 6


def test_phi_lines_are_json_a_scorer_can_read(small: Any) -> None:
    first = (small.path / "phi.jsonl").read_bytes().splitlines()[0]

    assert set(orjson.loads(first)) == {"id", "text", "spans", "known"}
