"""What a resource is found by, in a form that a test can read; and HL7's examples."""

import zipfile
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, text

from fhir_api.json_text import parse
from fhir_api.search.index.extract import values_of
from fhir_api.search.index.lanes import lane
from fhir_api.search.r4.registry import parameters
from fhir_api.search.r4.sources import keyed
from tests.support.data import shared_data

STORED = text("""
    SELECT h.resource_type, h.resource_id, s.lane, s.system, s.code
    FROM search_value s JOIN resource_head h ON h.number = s.resource WHERE h.site = :site
""")


def found_by(resource: dict[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """What fills the columns of each parameter, empty ones left out."""
    found = defaultdict(list)
    for value in values_of(resource["resourceType"], resource):
        place = (value.place,) if value.place else ()
        columns = tuple(column for column in value[2:] if column is not None)
        found[value.parameter].append((*place, *columns))
    return dict(found)


def codes(resource: dict[str, Any], parameter: str) -> list[str]:
    """The codes of one parameter."""
    known = values_of(resource["resourceType"], resource)
    return [value.code or "" for value in known if value.parameter == parameter]


def examples() -> Iterator[dict[str, Any]]:
    """HL7's example resources of R4."""
    with zipfile.ZipFile(shared_data("hl7_fhir_r4_examples") / "examples.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".json"):
                resource = parse(archive.read(name))
                if isinstance(resource, dict) and "resourceType" in resource:
                    yield resource


def stored_values(engine: Engine, site: str) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Parameter and code of every row of the index of a site, by type and id."""
    with engine.connect() as connection:
        rows = connection.execute(STORED, {"site": site}).all()
    found = defaultdict(set)
    for resource_type, resource_id, number, _system, code in rows:
        found[resource_type, resource_id].add((lanes(site, resource_type)[number], code))
    return dict(found)


def lanes(site: str, resource_type: str) -> dict[int, str]:
    """The name of each lane of a type."""
    names = [*parameters(resource_type), *(name for name, _ in keyed(resource_type))]
    halves = [f"{name}${number}" for name in names for number in (1, 2, 3)]
    return {lane(site, resource_type, name): name for name in [*names, *halves]}
