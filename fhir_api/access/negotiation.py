"""Which scopes a client gets: what it asked for, and of that only what it was allowed.

A scope within a wider allowed one is granted as it was asked; one that reaches further is cut to
the part that is allowed. Nothing that was not asked for is ever added, so that a client that asks
to read can never write.

https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from collections.abc import Iterable

from fhir_api.access.caller import ANY
from fhir_api.access.scopes import OTHERS, Scope, read_scope


def granted(asked: str, allowed: str) -> str:
    """The scopes of `asked` that `allowed` covers, in the order asked; empty when none is.

    >>> granted("system/*.cruds openid", "system/Observation.rs system/Patient.r")
    'system/Observation.rs system/Patient.r'
    >>> granted("patient/Observation.rs?category=laboratory", "patient/*.read")
    'patient/Observation.rs?category=laboratory'
    """
    known = merged(scope for scope in map(read_scope, allowed.split()) if scope is not None)
    others = OTHERS.intersection(allowed.split())
    answer: list[str] = []
    for word in asked.split():
        scope = read_scope(word)
        if scope is None:
            answer += [word] if word in others else []
        else:
            answer += [word] if covered(scope, known) else [str(each) for each in cut(scope, known)]
    return " ".join(dict.fromkeys(answer))


def merged(scopes: Iterable[Scope]) -> list[Scope]:
    """Scopes of the same resources as one, so that `.read` and `.write` cover `.cruds`."""
    together: dict[tuple[object, ...], Scope] = {}
    for scope in scopes:
        key = (scope.level, scope.resource_type, scope.query)
        before = together.get(key)
        letters = scope.letters | (before.letters if before else frozenset())
        together[key] = Scope(scope.level, scope.resource_type, letters, scope.query, scope.is_v1)
    return list(together.values())


def covered(asked: Scope, allowed: Iterable[Scope]) -> bool:
    """Whether one allowed scope opens all that is asked."""
    return any(overlap(asked, each) == asked for each in allowed)


def cut(asked: Scope, allowed: Iterable[Scope]) -> list[Scope]:
    """The parts of a scope that are allowed."""
    parts = [part for each in allowed if (part := overlap(asked, each)) is not None]
    return merged(parts)


def overlap(asked: Scope, allowed: Scope) -> Scope | None:
    """What is both asked and allowed; None when nothing is."""
    letters = asked.letters & allowed.letters
    types = {asked.resource_type, allowed.resource_type} - {ANY}
    if asked.level != allowed.level or not letters or len(types) > 1:
        return None
    query = tuple(dict.fromkeys(asked.query + allowed.query))
    return Scope(asked.level, next(iter(types), ANY), letters, query, asked.is_v1)
