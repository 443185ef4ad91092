"""What a predictor answers for one patient."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason behind a score, grouped so that a clinician knows what is meant.

    Attributes:
        factor: Key of the clinical factor, such as `prior_admissions`.
        text: Plain words with the value, such as `3 hospital stays in the last 12 months`.
        contribution: Change of the score in log-odds that this factor makes; above 0 raises risk.
        modifiable: Whether the care team can change it.
    """

    factor: str
    text: str
    contribution: float
    modifiable: bool


@dataclass(frozen=True, slots=True)
class Score:
    """A calibrated probability and what it rests on.

    Attributes:
        probability: Of an unplanned readmission within 30 days, 0 to 1.
        base_rate: Of the training data, for comparison.
        reasons: Strongest first, those that raise the risk before those that lower it.
        inputs_known: How many of the catalogue's inputs were known.
        inputs_total: How many there are.
        model_version: Name of the artefact that answered.
    """

    probability: float
    base_rate: float
    reasons: tuple[Reason, ...]
    inputs_known: int
    inputs_total: int
    model_version: str
