"""One rule of the standard that FHIRPath states, such as `obs-7`, and whether an element keeps it.

Most rules ask only which elements are there (`code.empty() or system.exists()`): for those the
answer is kept by what is there, and FHIRPath is asked once for each such shape. A rule that holds
where nothing of what it speaks of is present is not asked at all there.
"""

import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

import fhirpathpy
from fhirpathpy.engine.nodes import FP_Type, ResourceNode
from fhirpathpy.models import models

MODEL = models["r4"]
FIRST_STEP = re.compile(r"(?<![.%\w'])[A-Za-z]\w*")  # where a path begins
IN_BRACKETS = re.compile(r"\([^()]*\)")
OPERATOR = re.compile(r"\s(?:and|or|xor|implies|in|is|as)\s|[=<>|+&]")
TRACE = re.compile(r"\.trace\('[^']*'(?:, *\w+)?\)")  # it prints, and changes nothing
AS_OF_MANY = re.compile(r"(?<=\(\))\.as\(")  # of many values, the library knows it as ofType
PRESENCE = re.compile(
    r"(?:\w+\.(?:exists|empty|count)\(\)(?:\.not\(\))?|and|or|xor|implies|!?=|[<>]=?|\+|\d+|[() ])+"
)
UNANSWERABLE = frozenset(
    {
        "txt-1",
        "txt-2",  # htmlChecks()
        "ctm-1",  # resolve(): a reference is not followed
        "ig-1",
        "ig-2",  # %context of the whole guide
        "rng-2",  # one Quantity less than another
        "que-7",  # whether an answer is a Boolean
        "tim-9",  # whether any of many codes is in a list
    }
)  # rules that the library cannot answer
LOG = logging.getLogger("homeward.fhir")
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule of one element.

    Attributes:
        path: Of the element in its definition.
        key: Name of the rule in the standard.
        severity: `error` or `warning`.
        expression: FHIRPath, true where the rule is kept.
        human: The rule as a sentence.
        names: JSON names of the element's children that the rule speaks of.
        shapes: Answers of a rule that asks only what is there, by how many of each name there are.
    """

    path: str
    key: str
    severity: str
    expression: str
    human: str
    names: tuple[str, ...]
    shapes: dict[Shape, bool] = field(default_factory=dict, compare=False)

    def holds(self, element: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
        """Whether the element, in the resource `root`, keeps the rule."""
        if is_spared(self.key, element):
            return True
        asks_presence = is_about_presence(self.expression)
        shape = tuple(counted(element.get(name)) for name in self.names)
        if not self.names or (any(shape) and not asks_presence):
            return self.asked(element, root)
        if shape not in self.shapes:
            self.shapes[shape] = self.asked(element if asks_presence else {}, root)
        return self.shapes[shape]

    def asked(self, element: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
        """What FHIRPath says; nothing said is no breach, nor is a rule the library stumbles on."""
        given = ResourceNode.create_node(element, self.path)  # type: ignore[no-untyped-call]
        about = {"resource": root, "rootResource": root}
        try:
            return bool(compiled(self.expression)(given, about) != [False])
        except Exception as error:  # its own are bare Exceptions; data must not wait for it
            LOG.warning("The rule %s could not be asked: %s", self.key, type(error).__name__)
            return True


def is_one_path(expression: str) -> bool:
    """Whether no operator stands outside brackets.

    >>> is_one_path("contained.where(id = 'a').empty()"), is_one_path("a.empty() or b.exists()")
    (True, False)
    """
    outside, before = expression, ""
    while outside != before:
        before, outside = outside, IN_BRACKETS.sub("", outside)
    return OPERATOR.search(outside) is None


def counted(value: Any) -> int:
    """How many values there are, none of them looked at."""
    if value is None:
        return 0
    return len(value) if isinstance(value, list) else 1


@cache
def is_about_presence(expression: str) -> bool:
    """Whether a rule asks only which children are there, and how many.

    >>> is_about_presence("code.empty() or system.exists()"), is_about_presence("start <= end")
    (True, False)
    """
    return PRESENCE.fullmatch(expression) is not None


def is_spared(key: str, element: Mapping[str, Any]) -> bool:
    """`ref-1` speaks of references to contained resources alone, and references are many."""
    return key == "ref-1" and not str(element.get("reference", "")).startswith("#")


def mentioned(expression: str, children: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """JSON names, of those that `children` has for each element, on which an expression rests.

    A rule that is one path rests on its first step alone: without it, nothing is asked.
    """
    steps = FIRST_STEP.findall(expression)
    spoken = set(steps[:1] if is_one_path(expression) and steps[0] in children else steps)
    return tuple(sorted(json for name in spoken & children.keys() for json in children[name]))


@lru_cache(maxsize=512)
def compiled(expression: str) -> Callable[..., Any]:
    """The expression, parsed once for the process."""
    made: Callable[..., Any] = fhirpathpy.compile(
        AS_OF_MANY.sub(".ofType(", TRACE.sub("", expression)),
        MODEL,
        {"userInvocationTable": {"hasValue": {"fn": has_value}}},
    )
    return made


def has_value(nodes: list[Any]) -> bool:
    """FHIRPath `hasValue()`: one node, and it is a primitive with a value.

    https://hl7.org/fhir/R4/fhirpath.html#functions; the library does not have it.
    """
    values = [node.data if isinstance(node, ResourceNode) else node for node in nodes]
    return len(values) == 1 and (
        isinstance(values[0], FP_Type) or not isinstance(values[0], (dict, list, type(None)))
    )
