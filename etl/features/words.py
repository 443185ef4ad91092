"""Features in plain words, for cards and reports."""

from etl.features.catalogue import BY_NAME
from etl.features.feature import told


def describe(name: str, value: float) -> str:
    """The value of a feature as a clinician would say it.

    >>> describe("prior_stays_365d", 3.0)
    '3 hospital stays in the 365 days before this stay'

    Raises:
        KeyError: There is no such feature.
    """
    return told(BY_NAME[name], value)


def modifiable(name: str) -> bool:
    """Whether the care team can still change what the feature tells."""
    return BY_NAME[name].modifiable


def factor(name: str) -> str:
    """The clinical factor under which the feature is explained."""
    return BY_NAME[name].factor
