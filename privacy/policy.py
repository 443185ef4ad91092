"""The policy: which element of which resource may stay, and in what form. Data, read and checked.

The file is `policy.toml`; the words it may use are `ACTIONS` and are explained at its top. Loading
checks that every element of every resource it covers is decided, so that none can be forgotten.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from privacy.elements import EVERY_RESOURCE, OBJECT, R4, R4_ELEMENTS, Element, read_elements
from privacy.errors import PolicyError, UndecidedPath, UnknownAction, UnknownPath

POLICY = Path(__file__).with_name("policy.toml")
DROP = "drop"
ACTIONS = frozenset(
    {
        "drop",
        "keep",
        "code",
        "coding",
        "quantity",
        "time",
        "shift",
        "birth-year",
        "pseudonym",
        "reference",
        "identifier",
        "uid",
        "address",
        "known-uri",
        "samples",
        "attachment",
        "extension",
        "modifier",
        "entry-url",
        "resource",
        "contained",
        "text",
    }
)
PARTS = ("types", "type", "every-resource", "uris", "identifier-systems", "code-systems")
DIGEST_LETTERS = 16


@dataclass(frozen=True)
class Policy:
    """One policy, checked.

    Attributes:
        name: Name and digest; stored with every resource it cleaned.
        digest: SHA-256 over the policy and the elements of R4, hexadecimal, cut to 16.
        decisions: Action by path (`Patient.birthDate`) or data type (`dateTime`).
        resources: Resource types it covers; all others are refused.
        r4: The elements it decides.
        raw: The file as read, for the lists of systems, addresses and extensions.
    """

    name: str
    digest: str
    decisions: Mapping[str, str]
    resources: frozenset[str]
    r4: R4
    raw: Mapping[str, Any]

    def action(self, path: str, element: Element) -> str | None:
        """What to do with an element of the object at `path`; None when it is an object itself.

        Raises:
            UndecidedPath: Neither the element nor its data type is decided.
        """
        for name in (f"{path}.{element.name}", f"{path}.{element.choice}", element.data_type):
            if name in self.decisions:
                return self.decisions[name]
        if self.target(path, element) in self.r4.objects:
            return None
        raise UndecidedPath([f"{path}.{element.name}"])

    def target(self, path: str, element: Element) -> str:
        """Path of the object that describes an element which is an object."""
        if element.data_type == OBJECT:
            return f"{path}.{element.name}"
        return element.data_type.removeprefix("#")

    @cached_property
    def code_shapes(self) -> Mapping[str, re.Pattern[str]]:
        """The shape of every code of a system that is named exactly."""
        shapes = self.raw["code-systems"]["shapes"]
        return {system: re.compile(shape) for system, shape in shapes.items()}

    @cached_property
    def extensions(self) -> Mapping[str, tuple[str, ...]]:
        """Parts that may stay of each extension that is named exactly."""
        named = self.raw["extensions"].items()
        return {url: tuple(parts) for url, parts in named if url != "roots"}

    def roots(self, *names: str) -> tuple[str, ...]:
        """A list of allowed beginnings, such as `roots("uris", "roots")`."""
        found: Any = self.raw
        for name in names:
            found = found[name]
        return tuple(found)


def load_policy(path: Path | None = None) -> Policy:
    """The policy of the site, or the one that comes with Homeward.

    Raises:
        PolicyError: It is no TOML, or lacks a part.
        UndecidedPath: An element of a covered resource is decided by nothing.
        UnknownPath: It decides an element that R4 does not have.
        UnknownAction: It uses a word that is not in `ACTIONS`.
    """
    text = (path or POLICY).read_text(encoding="utf-8")
    elements = R4_ELEMENTS.read_text(encoding="utf-8")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"The policy is no TOML: {error}.") from error
    _demand_parts(raw)
    digest = hashlib.sha256((text + elements).encode()).hexdigest()[:DIGEST_LETTERS]
    policy = Policy(
        name=f"{raw['name']}@{digest}",
        digest=digest,
        decisions=dict(_decisions(raw)),
        resources=frozenset(raw["resource"]),
        r4=read_elements(elements),
        raw=raw,
    )
    _check(policy)
    return policy


def _demand_parts(raw: Mapping[str, Any]) -> None:
    missing = [part for part in ("name", "resource", *PARTS, "extensions") if part not in raw]
    if missing:
        raise UndecidedPath([f"[{part}]" for part in missing])


def _decisions(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from raw["types"].items()
    tables = {EVERY_RESOURCE: raw[EVERY_RESOURCE], **raw["type"], **raw["resource"]}
    for owner, table in tables.items():
        for action, names in table.items():
            yield from ((f"{owner}.{name}", action) for name in names)


def _check(policy: Policy) -> None:
    for where, action in policy.decisions.items():
        if action not in ACTIONS:
            raise UnknownAction(where, action)
    starts = {EVERY_RESOURCE, *policy.resources}
    if absent := sorted(starts - policy.r4.objects.keys()):
        raise UnknownPath(absent[0])
    decided, undecided = _walked(policy, starts)
    if undecided:
        raise UndecidedPath(sorted(undecided))
    for path in policy.decisions.keys() - decided:
        if "." in path and not _is_element(policy.r4, path):
            raise UnknownPath(path)


def _walked(policy: Policy, starts: set[str]) -> tuple[set[str], set[str]]:
    """Every path that a decision reached, and every path that none did."""
    waiting, seen, decided, undecided = list(starts), set(starts), set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        for element in policy.r4.objects[path]:
            decided.update((f"{path}.{element.name}", f"{path}.{element.choice}"))
            try:
                action = policy.action(path, element)
            except UndecidedPath as error:
                undecided.update(error.paths)
                continue
            target = policy.target(path, element)
            if action is None and target not in seen:
                seen.add(target)
                waiting.append(target)
    return decided, undecided


def _is_element(r4: R4, path: str) -> bool:
    parent, _, name = path.rpartition(".")
    known = r4.objects.get(parent, ())
    return any(name in (element.name, element.choice) for element in known)
