"""What a feature is: its name, what it means at the bedside, and the words that tell its value."""

import math
import re
from dataclasses import dataclass

CHOICE = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a `FeatureRow`.

    Attributes:
        name: Its key; never used for another meaning again.
        meaning: One line for the reference.
        unit: UCUM code, or "yes/no", "count" or "points".
        source: The R4 elements it rests on.
        window: The time it looks at.
        factor: The clinical factor it belongs to; features of one factor are explained together.
        words: How a clinician hears it; `{value}` is the number, `{stay|stays}` singular or plural.
        otherwise: How a clinician hears "no" of a yes/no feature.
        modifiable: Whether the care team can still change it.
        digits: Decimals worth telling.
    """

    name: str
    meaning: str
    unit: str
    source: str
    window: str
    factor: str
    words: str
    otherwise: str = ""
    modifiable: bool = False
    digits: int = 0


def told(feature: Feature, value: float) -> str:
    """The feature's value in plain words; unknown values are told as such."""
    if math.isnan(value):
        return f"{feature.meaning}: not known"
    if feature.unit == "yes/no" and not value:
        return feature.otherwise or f"not: {feature.words}"
    rounded = round(value, feature.digits)
    number = f"{rounded:.{feature.digits}f}"
    number = number.removesuffix("." + "0" * feature.digits)  # 103, and not 103.0
    chosen = 1 if rounded == 1 else 2
    return CHOICE.sub(lambda match: match[chosen], feature.words.replace("{value}", number))
