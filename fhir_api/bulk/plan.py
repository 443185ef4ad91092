"""What an export will do, settled at its kick-off and kept sealed until it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fhir_api.access.caller import Caller, Grant, Limit, anyone

AllOf = tuple[tuple[Limit, ...], ...]  # inside one limit of each


@dataclass(frozen=True, slots=True)
class TypePlan:
    """One type of an export.

    Attributes:
        resource_type: R4 type name.
        all_of: A resource must be inside at least one limit of each tuple.
        filters: And at least one of these, where there are any.
        associated: Whether it comes along only because of `includeAssociatedData`.
    """

    resource_type: str
    all_of: AllOf = ()
    filters: tuple[Limit, ...] = ()
    associated: bool = False

    @property
    def is_limited(self) -> bool:
        """Whether the client may see only some of the type."""
        return bool(self.all_of)


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """An export.

    Attributes:
        site: The tenant.
        level: system, patient or group.
        url: Of the kick-off, for the manifest.
        needs_token: Whether files are given only to those who bring a token.
        types: What is exported, in order.
        patients: Pseudonyms of the patients; None for all.
        snapshot: What was committed at the kick-off.
        since: Of `_since`.
        since_snapshot: What an earlier export saw at that moment; None when there was none.
        until: Of `_until`.
        elements: Of `_elements`.
        provenance: Of `includeAssociatedData`.
        ignored: Sentences for the `error` file.
        caller: Who asks; filters are searches of theirs.
    """

    site: str
    level: str
    url: str
    needs_token: bool
    types: tuple[TypePlan, ...]
    patients: list[str] | None
    snapshot: str
    since: datetime | None = None
    since_snapshot: str | None = None
    until: datetime | None = None
    elements: tuple[tuple[str, str], ...] = ()
    provenance: str = ""
    ignored: tuple[str, ...] = ()
    caller: Caller = field(default_factory=anyone)


def as_json(plan: ExportPlan) -> dict[str, Any]:
    """The plan as it is sealed."""
    return {
        "site": plan.site,
        "level": plan.level,
        "url": plan.url,
        "needs_token": plan.needs_token,
        "types": [type_as_json(each) for each in plan.types],
        "patients": plan.patients,
        "snapshot": plan.snapshot,
        "since": plan.since.isoformat() if plan.since else None,
        "since_snapshot": plan.since_snapshot,
        "until": plan.until.isoformat() if plan.until else None,
        "elements": [list(each) for each in plan.elements],
        "provenance": plan.provenance,
        "ignored": list(plan.ignored),
        "caller": caller_as_json(plan.caller),
    }


def from_json(value: Mapping[str, Any]) -> ExportPlan:
    """The plan that was sealed."""
    return ExportPlan(
        **{
            **value,
            "types": tuple(type_from_json(each) for each in value["types"]),
            "since": datetime.fromisoformat(value["since"]) if value["since"] else None,
            "until": datetime.fromisoformat(value["until"]) if value["until"] else None,
            "elements": tuple((kind, name) for kind, name in value["elements"]),
            "ignored": tuple(value["ignored"]),
            "caller": caller_from_json(value["caller"]),
        }
    )


def type_as_json(plan: TypePlan) -> list[Any]:
    """One type as it is sealed."""
    limits = [[limit_as_json(each) for each in group] for group in plan.all_of]
    filters = [limit_as_json(each) for each in plan.filters]
    return [plan.resource_type, limits, filters, plan.associated]


def type_from_json(value: list[Any]) -> TypePlan:
    """One type that was sealed."""
    resource_type, groups, filters, associated = value
    all_of = tuple(tuple(limit_of(*each) for each in group) for group in groups)
    return TypePlan(resource_type, all_of, tuple(limit_of(*each) for each in filters), associated)


def limit_as_json(limit: Limit) -> list[Any]:
    """A limit as it is sealed."""
    return [limit.patient, [list(each) for each in limit.query]]


def limit_of(patient: str | None, query: list[list[str]]) -> Limit:
    """A limit that was sealed."""
    return Limit(patient, tuple((name, value) for name, value in query))


def caller_as_json(caller: Caller) -> list[Any]:
    """What counts of a caller as it is sealed."""
    grants = [
        [each.resource_type, sorted(each.interactions), limit_as_json(each.limit)]
        for each in caller.grants
    ]
    return [caller.client, caller.identified, grants]


def caller_from_json(value: list[Any]) -> Caller:
    """The caller that was sealed."""
    client, identified, grants = value
    found = [Grant(kind, frozenset(each), limit_of(*limit)) for kind, each, limit in grants]
    return Caller(client, tuple(found), identified=identified)
