"""The FHIRPath that search parameters of R4 are written in, read into steps.

http://hl7.org/fhirpath/N1/ is a language; the expressions of R4 use little of it: unions of paths,
choice types, `where` with four conditions, extensions by address, the first of a list. What is not
one of these is refused, and its parameter is not served.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Condition = Literal["equals", "extension", "has-extension", "first"]
UNION = re.compile(r"\s*\|\s*")
CAST = re.compile(r"\(([^()]+) as ([A-Za-z]+)\)")
HOLDS = re.compile(r"([A-Za-z.]+)\.exists\(\) and ([A-Za-z.]+) != false")
STEP = re.compile(
    r"(?:[^.(]|\((?:[^()']|'[^']*'|\([^()]*\))*\))+"
)  # a dot inside brackets parts none
NAME = re.compile(r"[A-Za-z]+")
FIRST = re.compile(r"([A-Za-z]+)\[0\]")
TYPE = re.compile(r"(?:as|ofType)\(([A-Za-z]+)\)")
REFERS = re.compile(r"where\(resolve\(\) is ([A-Za-z]+)\)")
EQUALS = re.compile(r"where\(([A-Za-z]+)='([^']*)'\)")
HAS_EXTENSION = re.compile(r"where\(hasExtension\('([^']*)'\)\)")
EXTENSION = re.compile(r"extension\('([^']*)'\)")
ROOT = "%resource."


class NotUnderstood(Exception):
    """An expression goes beyond the FHIRPath that is read here."""

    def __init__(self, expression: str) -> None:
        super().__init__(f"Its FHIRPath {expression} is not understood.")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path.

    Attributes:
        does: What it does: go to an element, keep one type of a choice, keep references to one
            type of resource, or keep elements that meet a condition.
        text: Name of the element or type, address of the extension, element that is compared.
        value: What that element must be.
    """

    does: Literal["name", "type", "refers"] | Condition
    text: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One path of a union.

    Attributes:
        steps: From the type, whose own name is left out.
        from_root: It begins at the resource, though it is part of something inside.
        holds: It asks whether the element is there and is not false.
    """

    steps: tuple[Step, ...]
    from_root: bool = False
    holds: bool = False


def paths_of(expression: str, base: str = "") -> tuple[Path, ...]:
    """The paths of an expression, in order.

    >>> [step.text for path in paths_of("Patient.name.family", "Patient") for step in path.steps]
    ['name', 'family']

    Args:
        expression: FHIRPath, as published.
        base: Type whose name the paths begin with; without it they begin at an element.

    Raises:
        NotUnderstood: It says more than is read here.
    """
    return tuple(path_of(part, base) for part in UNION.split(expression))


def path_of(part: str, base: str) -> Path:
    """One path of a union."""
    if found := HOLDS.fullmatch(part):
        if found[1] != found[2]:
            raise NotUnderstood(part)
        return Path(tuple(steps_of(found[1], base)), holds=True)
    plain = CAST.sub(r"\1.as(\2)", part)
    from_root = plain.startswith(ROOT)
    return Path(tuple(steps_of(plain.removeprefix(ROOT), base)), from_root)


def steps_of(path: str, base: str) -> Iterator[Step]:
    """The steps of a path without its type."""
    words = STEP.findall(path)
    for word in words[1:] if words[0] == base else words:
        yield from step_of(word)


def step_of(text: str) -> Iterator[Step]:
    """One step as written; `entry[0]` is two of ours."""
    if NAME.fullmatch(text):
        yield Step("name", text)
    elif found := FIRST.fullmatch(text):
        yield from (Step("name", found[1]), Step("first"))
    elif found := TYPE.fullmatch(text):
        yield Step("type", found[1])
    elif found := REFERS.fullmatch(text):
        yield Step("refers", found[1])
    elif found := EQUALS.fullmatch(text):
        yield Step("equals", found[1], found[2])
    elif found := HAS_EXTENSION.fullmatch(text):
        yield Step("has-extension", found[1])
    elif found := EXTENSION.fullmatch(text):
        yield from (Step("name", "extension"), Step("extension", found[1]), Step("name", "value"))
    else:
        raise NotUnderstood(text)
