"""What a route tells the audit trail beyond what its path says: `about(request, …)`.

Pseudonyms go in as they are stored. Parameters may be given as the caller sent them: they stay in
memory, and only their names and pseudonyms of references are written down.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

Parameters = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Told:
    """What a route has told of a request so far.

    Attributes:
        patients: Pseudonyms of the patients whose records were seen or changed.
        resources: `Type/pseudonym` of what was seen or changed.
        query: Parameters as the caller sent them; None when they stand in the address.
        interaction: Where the name of the route does not say it (`batch`).
    """

    patients: set[str] = field(default_factory=set)
    resources: set[str] = field(default_factory=set)
    query: Parameters | None = None
    interaction: str | None = None


def about(
    request: HTTPConnection,
    *,
    patients: Collection[str | None] = (),
    resource: str | None = None,
    resources: Collection[str] = (),
    query: Parameters | None = None,
    interaction: str | None = None,
) -> None:
    """Tell whose records and which resources a request concerned; may be called several times.

    Args:
        request: The one being answered.
        patients: Pseudonyms, such as `StoredResource.patient_id`; None among them is passed over.
        resource: `Type/pseudonym`.
        resources: Several of them.
        query: Parameters of a search that stand in the body.
        interaction: In place of the name of the route.
    """
    told = told_of(request)
    told.patients |= {each for each in patients if each is not None}
    told.resources |= {*resources, *([resource] if resource else [])}
    told.query = query if query is not None else told.query
    told.interaction = interaction or told.interaction


def told_of(request: HTTPConnection) -> Told:
    """What was told of a request; empty at first."""
    if not hasattr(request.state, "told"):
        request.state.told = Told()
    told: Told = request.state.told
    return told
