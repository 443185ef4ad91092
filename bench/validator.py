"""What validation catches and what it refuses wrongly: `python -m bench.validator CASES`.

CASES is a folder with `index.json` and `cases/` as HL7's validator test cases are kept: for each
file the issues that HL7's own Java validator reports. An expected error counts as caught when we
tell an error at its element, above it or below it; errors that need a terminology server are left
out. A resource without expected errors that we refuse is a false alarm.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.clock import measured, utc_now
from bench.machine import this_machine
from bench.report import Report, Row, save
from fhir_api.errors import FhirError
from fhir_api.json_text import parse
from fhir_api.validation.issue import Issue
from fhir_api.validation.validator import Validator

ERRORS = {"error", "fatal"}
COMMENT = re.compile(r"/\*.*?\*/")
WHOLE = ""
REPEATS = 5


def measure(folder: Path) -> Report:
    """Judge every case of a folder; one row for each kind of expected error."""
    began, machine = utc_now(), this_machine()
    cases = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    caught: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    alarms, sound, wrong, refused = 0, 0, 0, 0
    for case in cases:
        told = issues_of((folder / "cases" / case["file"]).read_bytes())
        errors = [each for each in case["expected_issues"] if each["severity"] in ERRORS]
        sound += not errors
        alarms += bool(told) and not errors
        wrong += bool(errors)
        refused += bool(told) and bool(errors)
        for code, is_caught in judged(errors, told):
            expected[code] += 1
            caught[code] += is_caught
    kinds = [line(code, caught[code], expected[code]) for code in sorted(expected)]
    totals = [
        line("all of them", caught.total(), expected.total()),
        line("wrong resources refused", refused, wrong),
        line("false alarms on sound ones", alarms, sound),
    ]
    return Report("validator", [*kinds, *totals], machine, began)


def line(what: str, count: int, of: int) -> Row:
    """One row of the table."""
    return {"expected of HL7's validator": what, "found": count, "of": of}


def issues_of(data: bytes) -> list[Issue]:
    """What we tell of a file, be it JSON or not."""
    try:
        return Validator().validate(parse(data))
    except FhirError as error:
        return error.issues


def judged(errors: Sequence[dict[str, Any]], told: Sequence[Issue]) -> Iterator[tuple[str, bool]]:
    """Kind of each expected error that needs no terminology, and whether we tell it."""
    places = [issue.expression or WHOLE for issue in told]
    for error in errors:
        if not error["needs_terminology"]:
            place = COMMENT.sub("", (error["expression"] or [WHOLE])[0])
            yield error["code"], any(is_same_place(place, each) for each in places)


def is_same_place(one: str, other: str) -> bool:
    """Whether one element holds the other; a file that is no JSON is wrong as a whole."""
    return one.startswith(other) or other.startswith(one)


def cost(resources: Sequence[Any]) -> float:
    """Microseconds of processor time to accept one resource, the median run of five."""
    validator = Validator()
    times = []
    for _ in range(REPEATS):
        with measured() as spent:
            for each in resources:
                validator.validate(each)
        times.append(spent.cpu_s)
    return sorted(times)[REPEATS // 2] / len(resources) * 1e6


def main() -> None:
    """Print the table, and with `--resources` what accepting one of them costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--resources", type=Path, help="NDJSON or a Bundle to time")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    save(measure(given.cases), given.json)
    if given.resources is not None:
        print(f"{cost(resources_in(given.resources)):.0f} µs of processor time a resource")


def resources_in(file: Path) -> list[Any]:
    """The resources of an NDJSON file, or of a Bundle."""
    data = file.read_bytes()
    if file.suffix == ".ndjson":
        return [parse(each) for each in data.splitlines() if each.strip()]
    return [entry["resource"] for entry in parse(data)["entry"]]


if __name__ == "__main__":
    main()
