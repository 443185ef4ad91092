"""Which stored resources a caller's limits leave visible; all others do not exist for that caller.

A limit is judged on the newest version, since only that is indexed. Two things it cannot say: what
was deleted is shown to who may see all of that patient's records, and an older version that
belonged to another patient stays hidden.
"""

from collections.abc import Callable, Collection, Sequence

from fhir_api.access.caller import Caller, Interaction, Limit
from fhir_api.errors import Forbidden
from fhir_api.routes.parts import FhirApi
from fhir_api.store.records import StoredResource
from fhir_api.validation.elements import resource_types
from privacy.pseudonyms import pseudonym

Limits = tuple[Limit, ...]
Visible = Callable[[StoredResource], bool]


def visible(api: FhirApi, limits: Limits, rows: Sequence[StoredResource]) -> list[StoredResource]:
    """Those of the rows, all of one type, that are inside the limits."""
    if not limits or not rows:
        return list(rows)
    kind = rows[0].resource_type
    ids = sorted({row.resource_id for row in rows})
    with api.store.engine.connect() as connection:
        permitted = api.search.permitted(connection, kind, ids, limits)
    whole = patients_of(api, [each for each in limits if not each.query])
    owners = patients_of(api, limits)
    return [row for row in rows if row.patient_id in whole
            or (row.resource_id in permitted and may_own(row, limits, owners))]  # fmt: skip


def may_own(row: StoredResource, limits: Limits, owners: Collection[str]) -> bool:
    """Whether a version belonged to nobody, or to whom the limits name."""
    if row.patient_id is None or row.patient_id in owners:
        return True
    return any(each.patient is None for each in limits)


def patients_of(api: FhirApi, limits: Sequence[Limit]) -> set[str]:
    """Pseudonyms of the patients that limits name; limits have real ids, whoever the caller is."""
    return {pseudonym(api.keys, "Patient", each.patient) for each in limits if each.patient}


def limits_by_type(caller: Caller, interaction: Interaction) -> dict[str, Limits]:
    """The types that a caller may see, with the limits of each; raises Forbidden without any."""
    found: dict[str, Limits] = {}
    for kind in sorted(resource_types()):
        try:
            found[kind] = caller.limits(interaction, kind)
        except Forbidden:
            continue
    if not found:
        raise Forbidden(interaction, "any type")
    return found
