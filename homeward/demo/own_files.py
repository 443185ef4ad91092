"""Your own FHIR files as the source of the demonstration.

Inpatient stays are found in the files themselves. Those that ended in the last months before the
data end, but long enough before it for their outcome to be known, are asked about.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from fhir_api.errors import FhirError
from fhir_api.ingest.inputs import Input, find_inputs
from fhir_api.json_text import parse
from homeward.demo.source import Call, Source
from homeward.errors import WrongCall

MATURE_DAYS, MOST_CALLS = 31, 100
Resource = dict[str, Any]


class FoundStay(NamedTuple):
    """An inpatient stay of the files."""

    ended: date
    patient: str
    encounter: Resource


def own_source(path: Path, inpatient_classes: frozenset[str]) -> Source:
    """The files below `path`, and the discharges in them to ask about.

    Raises:
        WrongCall: No file holds an inpatient stay that has ended.
    """
    stays, patients = _scan(find_inputs([path]), inpatient_classes)
    if not stays:
        raise WrongCall(
            f"No file below {path} holds an ended inpatient stay. If the site uses other "
            f"encounter classes than {', '.join(sorted(inpatient_classes))}, name them in "
            """HOMEWARD_INPATIENT_CLASSES, such as '["EMER","OBSENC"]'."""
        )
    end = max(stay.ended for stay in stays)
    known = [stay for stay in stays if stay.ended <= end - timedelta(days=MATURE_DAYS)] or stays
    newest = sorted(known, key=lambda stay: (stay.ended, stay.patient))[-MOST_CALLS:]
    return Source(
        history=[path],
        later=[],
        until=end,
        later_until=end,
        calls=[_call(stay, patients) for stay in newest if stay.patient in patients],
        said="Your own files. With few stays the figures mean little: see the intervals.",
    )


def _call(stay: FoundStay, patients: dict[str, Resource]) -> Call:
    prefetch = {"patient": patients[stay.patient], "encounter": stay.encounter}
    return Call(stay.patient, stay.encounter["id"], prefetch)


def _scan(
    inputs: list[Input], classes: frozenset[str]
) -> tuple[list[FoundStay], dict[str, Resource]]:
    stays: list[FoundStay] = []
    patients: dict[str, Resource] = {}
    for resource in (found for given in inputs for found in _resources(given)):
        if resource.get("resourceType") == "Patient" and "id" in resource:
            patients[resource["id"]] = resource
        elif stay := _stay(resource, classes):
            stays.append(stay)
    return stays, patients


def _stay(resource: Resource, classes: frozenset[str]) -> FoundStay | None:
    ended = resource.get("period", {}).get("end") if _inpatient(resource, classes) else None
    patient = _plain_id(resource.get("subject", {}).get("reference", ""))
    if not ended or not patient or "id" not in resource:
        return None
    encounter = {**resource, "subject": {"reference": f"Patient/{patient}"}}
    return FoundStay(datetime.fromisoformat(ended).date(), patient, encounter)


def _inpatient(resource: Resource, classes: frozenset[str]) -> bool:
    return (
        resource.get("resourceType") == "Encounter"
        and resource.get("class", {}).get("code") in classes
    )


def _plain_id(reference: str) -> str:
    return reference.removeprefix("urn:uuid:").rpartition("/")[2]


def _resources(given: Input) -> Iterator[Resource]:
    """The resources of one input; what is no JSON is left to ingest, which says so."""
    with given.open() as stream:
        texts = stream if given.form == "ndjson" else iter([stream.read()])
        for text in texts:
            yield from _unpacked(text)


def _unpacked(text: bytes) -> Iterator[Resource]:
    try:
        value = parse(text)
    except FhirError:
        return
    if not isinstance(value, dict):
        return
    if value.get("resourceType") == "Bundle":
        yield from (entry["resource"] for entry in value.get("entry", ()) if "resource" in entry)
    else:
        yield value
