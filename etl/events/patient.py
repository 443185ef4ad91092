"""Patient: birth, death and the classes a person belongs to.

https://hl7.org/fhir/R4/patient.html, with US Core race and ethnicity. Codes of birth and death
are those of MEDS. Demographic classes have no time: they hold whenever one looks.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from etl.events.event import Event
from etl.events.reading import Json, Source, coding_pairs, first_code, minutes_east, moment

BIRTH = "MEDS_BIRTH"
DEATH = "MEDS_DEATH"
MID_YEAR = timedelta(days=182)
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
OMB_CLASSES = {f"{US_CORE}race": "race", f"{US_CORE}ethnicity": "ethnicity"}


def patient_events(resource: Json, source: Source) -> Iterator[Event]:
    """Birth, death and demographic classes of one Patient."""
    birth = birth_moment(resource.get("birthDate"))
    if birth is not None:
        yield source.event(BIRTH, birth)
    yield from death_events(resource, source)
    for kind, value in demographics(resource):
        yield source.event(f"DEMOGRAPHIC//{kind}//{value}", None)


def birth_moment(born: str | None) -> datetime | None:
    """The middle of the year when only the year is known, so that ages err by half a year."""
    start = moment(born)
    if start is None or born is None:
        return None
    return start + MID_YEAR if len(born) == len("1950") else start


def death_events(resource: Json, source: Source) -> Iterator[Event]:
    """A dated death; one that is only said to have happened carries no time."""
    died = resource.get("deceasedDateTime")
    if died:
        yield source.event(DEATH, moment(died), number=minutes_east(died), unit="min")
    elif resource.get("deceasedBoolean"):
        yield source.event(DEATH, None)


def demographics(resource: Json) -> Iterator[tuple[str, str]]:
    """Kind and class of each demographic statement."""
    if resource.get("gender"):
        yield "gender", resource["gender"]
    marital = first_code(resource.get("maritalStatus"))
    if marital:
        yield "marital", marital
    for communication in resource.get("communication", ()):
        for pair in coding_pairs(communication.get("language")):
            yield "language", pair.rpartition("//")[2]
    yield from places(resource)
    yield from omb_classes(resource)


def places(resource: Json) -> Iterator[tuple[str, str]]:
    """State and first three digits of the postal code of each address."""
    for address in resource.get("address", ()):
        if address.get("state"):
            yield "state", address["state"]
        if address.get("postalCode"):
            yield "zip3", address["postalCode"][:3]


def omb_classes(resource: Json) -> Iterator[tuple[str, str]]:
    """Race and ethnicity by the classes of the US Office of Management and Budget."""
    for extension in resource.get("extension", ()):
        kind = OMB_CLASSES.get(extension.get("url", ""))
        for part in extension.get("extension", ()) if kind else ():
            code = part.get("valueCoding", {}).get("code")
            if kind and part.get("url") == "ombCategory" and code:
                yield kind, code
