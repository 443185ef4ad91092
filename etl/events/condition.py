"""Condition: a diagnosis, and its end when it has one.

https://hl7.org/fhir/R4/condition.html. A condition without any date keeps no time: whoever reads
it takes the end of its encounter, which is when coders know it.
"""

from collections.abc import Iterator

from etl.events.event import Event
from etl.events.reading import Json, Source, coding_pairs, first_code, moment, period

NOT_SO = frozenset({"refuted", "entered-in-error"})


def condition_events(resource: Json, source: Source) -> Iterator[Event]:
    """DIAGNOSIS//system//code, and DIAGNOSIS_END//… at its abatement."""
    if first_code(resource.get("verificationStatus")) in NOT_SO:
        return
    onset = moment(resource.get("onsetDateTime") or period(resource, "onsetPeriod")[0])
    recorded = moment(resource.get("recordedDate"))
    abated = moment(resource.get("abatementDateTime") or period(resource, "abatementPeriod")[1])
    for pair in coding_pairs(resource.get("code")):
        yield source.event(f"DIAGNOSIS//{pair}", onset or recorded, recorded)
        if abated:
            yield source.event(f"DIAGNOSIS_END//{pair}", abated)
