"""What the client sent along, in the four states that mean four different things.

    absent     the key is not there: the client chose not to, or could not
    empty      null, or a Bundle without matches: asked, and there is nothing
    refused    an OperationOutcome: the client's own query failed
    given      one resource, or a Bundle of matches

https://cds-hooks.hl7.org/2.0/#prefetch-query-restrictions and docs/decisions/0012
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from cds_hooks.errors import InvalidCall
from fhir_api.validation.issue import Issue

Resource = Mapping[str, Any]
FATAL = {"error", "fatal"}


class State(Enum):
    """What a prefetch key says."""

    ABSENT = "Not sent"
    EMPTY = "Nothing on record"
    REFUSED = "Could not be read by the EHR"
    GIVEN = "Sent"


@dataclass(frozen=True, slots=True)
class Sent:
    """One resource of the prefetch and where it stood."""

    path: str
    key: str
    resource: Resource


@dataclass(frozen=True, slots=True)
class Prefetched:
    """Everything the keys of a service brought.

    Attributes:
        states: What each key of the service says.
        sent: The resources, each once, in the order of the keys.
        truncated: Keys whose Bundle has a further page that was not sent.
    """

    states: Mapping[str, State]
    sent: tuple[Sent, ...] = ()
    truncated: frozenset[str] = field(default_factory=frozenset)


def read_prefetch(prefetch: Mapping[str, Any], keys: Mapping[str, str]) -> Prefetched:
    """Sort what was sent; keys the service does not know are ignored, vendors add their own.

    Raises:
        InvalidCall: A value is no resource, or a resource has no id.
    """
    states, truncated = {}, set()
    sent: dict[tuple[str, str], Sent] = {}
    for key in keys:
        value = prefetch.get(key)
        found = list(_resources(key, value))
        states[key] = _state(value, found) if key in prefetch else State.ABSENT
        for each in found:
            sent.setdefault((each.resource["resourceType"], each.resource["id"]), each)
        if _has_next_page(value):
            truncated.add(key)
    return Prefetched(states, tuple(sent.values()), frozenset(truncated))


def _state(value: Any, found: list[Sent]) -> State:
    if found:
        return State.GIVEN
    return State.REFUSED if any(map(_is_failure, _outcomes(value))) else State.EMPTY


def _resources(key: str, value: Any) -> Iterator[Sent]:
    path = f"prefetch.{key}"
    if value is None:
        return
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise _invalid(path, "a FHIR resource, a Bundle, or null")
    if value["resourceType"] == "Bundle":
        yield from _matches(key, value)
    elif value["resourceType"] != "OperationOutcome":
        yield _sent(path, key, value)


def _matches(key: str, bundle: Resource) -> Iterator[Sent]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise _invalid(f"prefetch.{key}.entry", "a list")
    for index, entry in enumerate(entries):
        path = f"prefetch.{key}.entry[{index}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
            raise _invalid(path, "an entry with a resource")
        if _mode(entry) == "match" and entry["resource"].get("resourceType") != "OperationOutcome":
            yield _sent(f"{path}.resource", key, entry["resource"])


def _sent(path: str, key: str, resource: Resource) -> Sent:
    if not isinstance(resource.get("resourceType"), str):
        raise _invalid(f"{path}.resourceType", "the name of a resource type")
    if not isinstance(resource.get("id"), str) or not resource["id"]:
        raise _invalid(f"{path}.id", "the id of the resource")
    return Sent(path, key, resource)


def _mode(entry: Mapping[str, Any]) -> Any:
    search = entry.get("search")
    return search.get("mode", "match") if isinstance(search, dict) else "match"


def _outcomes(value: Any) -> Iterator[Resource]:
    """OperationOutcomes in a value; one inside a searchset only tells how the search went."""
    if not isinstance(value, dict):
        return
    if value.get("resourceType") == "OperationOutcome":
        yield {"issue": [{"severity": "error"}]}
    for entry in value.get("entry", []):
        if entry["resource"].get("resourceType") == "OperationOutcome":
            yield entry["resource"]


def _is_failure(outcome: Resource) -> bool:
    issues = outcome.get("issue")
    severities = {each.get("severity") for each in issues} if isinstance(issues, list) else set()
    return bool(severities & FATAL)


def _has_next_page(value: Any) -> bool:
    links = value.get("link") if isinstance(value, dict) else None
    return isinstance(links, list) and any(
        isinstance(link, dict) and link.get("relation") == "next" for link in links
    )


def _invalid(path: str, meaning: str) -> InvalidCall:
    return InvalidCall([Issue("structure", f"{path} must be {meaning}.", path)])
