"""The parameters of a search read: its conditions, and what shapes the answer.

https://hl7.org/fhir/R4/search.html#errors
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from fhir_api.errors import InvalidRequest, UnknownModifier, UnknownParameter, place_of
from fhir_api.search.query.asked import Condition, read_condition
from fhir_api.search.query.controls import (
    CURSOR,
    TRANSPORT,
    Controls,
    is_control,
    is_inclusion,
    set_control,
)
from fhir_api.validation.issue import Issue

MOST_PARAMETERS = 50
Parameter = tuple[str, str]
Made = TypeVar("Made")


@dataclass(slots=True)
class Reading:
    """What the parameters of a search say.

    Attributes:
        lenient: Whether what is not served is left out with a warning.
        asked: Conditions, each with the parameter that says it.
        controls: The shape of the answer.
        applied: The parameters that are applied, as given, without the cursor.
        warnings: What was left out.
    """

    lenient: bool = False
    asked: list[tuple[Parameter, Condition]] = field(default_factory=list)
    controls: Controls = field(default_factory=Controls)
    applied: list[Parameter] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)

    def take(self, name: str, value: str) -> None:
        """Take in one parameter; raises InvalidRequest for one that makes no sense."""
        if is_control(name):
            self.demand_once(name)
            set_control(self.controls, name, value)
        else:
            self.asked.append(((name, value), read_condition(name, value)))
        if name != CURSOR:
            self.applied.append((name, value))

    def demand_once(self, name: str) -> None:
        """Raise InvalidRequest when what shapes the answer is said a second time."""
        if not is_inclusion(name) and any(name == given for given, _ in self.applied):
            message = f"{name} is given more than once; say it once, its values after commas."
            raise InvalidRequest(message, place_of(name))

    def served(self, parameter: Parameter, make: Callable[[], Made]) -> Made | None:
        """What is made of a parameter; None when it is not served and the caller is lenient."""
        try:
            return make()
        except (UnknownParameter, UnknownModifier) as why:
            if not self.lenient:
                raise
            self.applied.remove(parameter)
            self.warnings.append(Issue(why.issue, str(why), None, "warning"))
            return None


def read(parameters: Sequence[Parameter], *, lenient: bool = False) -> Reading:
    """The parameters of a search; raises InvalidRequest."""
    if len(parameters) > MOST_PARAMETERS:
        raise InvalidRequest(f"A search takes at most {MOST_PARAMETERS} parameters.")
    reading = Reading(lenient)
    for name, value in parameters:
        if name not in TRANSPORT:
            reading.take(name, value)
    return reading
