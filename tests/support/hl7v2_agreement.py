"""How far our FHIR agrees with what Microsoft's converter makes of the same ADT messages.

    python -m tests.support.hl7v2_agreement FOLDER

prints the tables of `docs/reference/hl7-v2.md`. FOLDER holds the messages, and `expected_fhir_ms`
beside them. Values are compared by what they mean: times as instants, codes without displays, and
identifiers by value, since the two converters name systems differently.
"""

import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.hl7v2 import EVENTS, Json, converted, reference_messages

Values = Iterable[Any]


class Score(NamedTuple):
    """How often a value of theirs is one of ours.

    Attributes:
        same: In both.
        theirs: In theirs alone.
        ours: In ours alone.
    """

    same: int = 0
    theirs: int = 0
    ours: int = 0

    def plus(self, other: "Score") -> "Score":
        """Both together."""
        return Score(*(mine + more for mine, more in zip(self, other, strict=True)))


def at(resource: Any, path: str) -> Iterator[Any]:
    """Every value at a path of elements, through arrays."""
    found = [resource]
    for step in path.split("."):
        inner = [each[step] for each in found if isinstance(each, dict) and step in each]
        found = [each for item in inner for each in (item if isinstance(item, list) else [item])]
    yield from found


def plain(path: str) -> Callable[[Json], Values]:
    """The values at a path."""
    return lambda resource: at(resource, path)


def moments(path: str) -> Callable[[Json], Values]:
    """The times at a path, as instants."""
    return lambda resource: (instant(each) for each in at(resource, path))


def extension(name: str) -> Callable[[Json], Values]:
    """The codes of an extension of US Core."""

    def codes(resource: Json) -> Values:
        for each in resource.get("extension", []):
            if each["url"].endswith(name):
                yield from at(each, "extension.valueCoding.code")

    return codes


def instant(text: str) -> str:
    """A time in UTC, to the second; a date as it stands."""
    if "T" not in text:
        return text
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds")


ELEMENTS: dict[str, dict[str, Callable[[Json], Values]]] = {
    "Patient": {
        "identifier.value": plain("identifier.value"),
        "gender": plain("gender"),
        "birthDate": plain("birthDate"),
        "deceased[x]": moments("deceasedDateTime"),
        "maritalStatus": plain("maritalStatus.coding.code"),
        "communication": plain("communication.language.coding.code"),
        "race": extension("race"),
        "ethnicity": extension("ethnicity"),
        "address.postalCode": plain("address.postalCode"),
    },
    "Encounter": {
        "identifier.value": plain("identifier.value"),
        "status": plain("status"),
        "class": plain("class.code"),
        "type": plain("type.coding.code"),
        "serviceType": plain("serviceType.coding.code"),
        "participant.type": plain("participant.type.coding.code"),
        "period.start": moments("period.start"),
        "period.end": moments("period.end"),
        "reasonCode": plain("reasonCode.coding.code"),
        "reAdmission": plain("hospitalization.reAdmission.coding.code"),
        "admitSource": plain("hospitalization.admitSource.coding.code"),
        "dischargeDisposition": plain("hospitalization.dischargeDisposition.coding.code"),
    },
    "Condition": {
        "code": plain("code.coding.code"),
        "onsetDateTime": moments("onsetDateTime"),
    },
    "AllergyIntolerance": {
        "code": plain("code.coding.code"),
        "category": plain("category"),
        "type": plain("type"),
        "criticality": plain("criticality"),
        "clinicalStatus": plain("clinicalStatus.coding.code"),
    },
    "Observation": {
        "code": plain("code.coding.code"),
        "effectiveDateTime": moments("effectiveDateTime"),
    },
    "Procedure": {
        "code": plain("code.coding.code"),
        "performedDateTime": moments("performedDateTime"),
    },
    "Coverage": {
        "status": plain("status"),
        "period.start": moments("period.start"),
        "period.end": moments("period.end"),
        "subscriberId": plain("subscriberId"),
        "relationship": plain("relationship.coding.code"),
    },
    "RelatedPerson": {
        "name.family": plain("name.family"),
        "gender": plain("gender"),
        "birthDate": plain("birthDate"),
        "relationship": plain("relationship.coding.code"),
    },
    "Practitioner": {"identifier.value": plain("identifier.value")},
}  # fmt: skip


def by_type(bundle: Json) -> dict[str, list[Json]]:
    """The resources of a Bundle, by type."""
    found: dict[str, list[Json]] = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        found.setdefault(resource["resourceType"], []).append(resource)
    return found


def compared(theirs: Values, ours: Values) -> Score:
    """The score of two bags of values."""
    expected, made = Counter(theirs), Counter(ours)
    same = sum((expected & made).values())
    return Score(same, sum(expected.values()) - same, sum(made.values()) - same)


def read_pairs(folder: Path) -> Iterator[tuple[str, Json, Json]]:
    """Name, expected and made Bundle of each ADT message of an event that we take in."""
    for path in reference_messages(folder):
        expected = folder / "expected_fhir_ms" / f"{path.stem}-expected.json.gz"
        content = path.read_bytes()
        event = content.partition(b"|ADT^")[2][:3].decode()
        if event in EVENTS and expected.exists():
            theirs = json.loads(gzip.decompress(expected.read_bytes()))
            yield (
                path.stem,
                theirs,
                json.loads(json.dumps(converted(content).bundle, default=float)),
            )


def agreement(folder: Path) -> tuple[dict[str, Score], dict[tuple[str, str], Score]]:
    """Scores of resource types present, by type, and of elements, by type and element."""
    present: dict[str, Score] = {}
    elements: dict[tuple[str, str], Score] = {}
    for _, theirs, ours in read_pairs(folder):
        expected, made = by_type(theirs), by_type(ours)
        if "Linkage" in expected:
            add(elements, ("Linkage", "the pair that is merged"), merge_score(expected, made))
            continue
        for kind in sorted({*expected, *made}):
            add(present, kind, compared([1] * (kind in expected), [1] * (kind in made)))
        for kind, paths in ELEMENTS.items():
            if kind not in expected or kind not in made:
                continue
            for name, values in paths.items():
                given = [value for each in expected[kind] for value in values(each)]
                told = [value for each in made[kind] for value in values(each)]
                add(elements, (kind, name), compared(map(str.strip, given), map(str.strip, told)))
    return present, elements


def merge_score(expected: dict[str, list[Json]], made: dict[str, list[Json]]) -> Score:
    """Whether the two patients of Microsoft's Linkage are those that we link."""
    pair = at(expected["Linkage"][0], "item.resource.identifier.value")
    linked = (each for each in made["Patient"] if "link" in each)
    return compared(pair, (each["identifier"][0]["value"] for each in linked))


def add(scores: dict[Any, Score], key: Any, score: Score) -> None:
    """Add a score to those of a key."""
    scores[key] = scores.get(key, Score()).plus(score)


def as_markdown(folder: Path) -> str:
    """Both tables."""
    present, elements = agreement(folder)
    lines = ["| resource | messages in both | theirs alone | ours alone |", "|---|---:|---:|---:|"]
    lines += [
        f"| {kind} | {s.same} | {s.theirs} | {s.ours} |" for kind, s in sorted(present.items())
    ]
    lines += ["", "| resource | element | same | theirs alone | ours alone |"]
    lines += ["|---|---|---:|---:|---:|"]
    lines += [
        f"| {kind} | {name} | {s.same} | {s.theirs} | {s.ours} |"
        for (kind, name), s in sorted(elements.items()) if any(s)
    ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    print(as_markdown(Path(sys.argv[1])))  # noqa: T201 - a script prints
