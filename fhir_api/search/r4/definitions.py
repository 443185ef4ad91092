"""The search parameters of R4, and which of them are served under a policy.

A parameter is served when its values can be compared and the policy keeps some of what it reads;
of every other one `why_not` says the reason. What is not served is not advertised.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from fhir_api.search.r4.kept import is_kept
from fhir_api.search.r4.registry import SearchParameter, compartment, parameters
from fhir_api.search.r4.sources import BY_STORE, Half, Source, sources
from fhir_api.search.r4.ways import Way
from privacy.policy import Policy

__all__ = ["SearchParameter", "Served", "compartment", "parameters", "served"]

NO_TYPE = "The policy keeps nothing of this resource type."
DROPPED = "The policy keeps none of the elements that it reads."


class Served(Mapping[str, Mapping[str, SearchParameter]]):
    """The search parameters served under a policy, by resource type and name."""

    def __init__(self, policy: Policy) -> None:
        self._by_type = {
            resource_type: {
                name: parameter
                for name, parameter in parameters(resource_type).items()
                if not self.reason(policy, resource_type, name)
            }
            for resource_type in sorted(policy.resources)
        }
        self._policy = policy

    def __getitem__(self, resource_type: str) -> Mapping[str, SearchParameter]:
        return self._by_type[resource_type]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_type)

    def __len__(self) -> int:
        return len(self._by_type)

    def why_not(self, resource_type: str, name: str) -> str | None:
        """Why R4's parameter of a type is not served; None when it is, or R4 has no such."""
        if name not in parameters(resource_type):
            return None
        if resource_type not in self._by_type:
            return NO_TYPE
        return self.reason(self._policy, resource_type, name) or None

    def reason(self, policy: Policy, resource_type: str, name: str) -> str:
        """Why a parameter of a type that is kept is not served; empty when it is."""
        if name in BY_STORE:
            return ""
        source = by_name(resource_type)[name]
        if source.why_not:
            return source.why_not
        return "" if is_fed(policy, resource_type, source) else DROPPED


def served(policy: Policy) -> Served:
    """For each resource type that the policy covers, the parameters that can be answered."""
    return Served(policy)


@cache
def by_name(resource_type: str) -> Mapping[str, Source]:
    """Where the parameters of a type find their values."""
    return {each.parameter.name: each for each in sources(resource_type)}


def is_fed(policy: Policy, resource_type: str, source: Source) -> bool:
    """Whether a parameter finds anything in what the policy keeps; a composite, all its parts."""
    if not source.halves:
        return any(is_kept(policy, resource_type, way) for way in source.ways)
    shared = zip(source.ways, source.halves, strict=True)
    return any(
        all(is_half_fed(policy, resource_type, way, half) for half in halves)
        for way, halves in shared
    )


def is_half_fed(policy: Policy, resource_type: str, shared: Way, half: Half) -> bool:
    """Whether one part of a composite finds anything in what the policy keeps."""
    start = () if half.from_root else shared.hops
    ways = (replace(way, hops=(*start, *way.hops)) for way in half.ways)
    return any(is_kept(policy, resource_type, way) for way in ways)
