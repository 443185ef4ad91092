"""From the network's log-odds to a probability that can be taken at its word.

Logistic recalibration (Cox 1958): p = 1 / (1 + exp(-(intercept + slope * log-odds))). It keeps
the order of patients, needs two numbers, and cannot overfit a few hundred validation rows the
way an isotonic step function does.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.runtime.arithmetic import sigmoid


@dataclass(frozen=True, slots=True)
class Calibration:
    """Two numbers fitted on the validation part, never on test.

    Attributes:
        intercept: Added log-odds.
        slope: Factor of the log-odds; above 0.
        base_rate: Share of readmissions in the training part.
    """

    intercept: float
    slope: float
    base_rate: float

    def logits(self, raw: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated log-odds."""
        return self.intercept + self.slope * np.asarray(raw, np.float64)

    def probabilities(self, raw: NDArray[Any]) -> NDArray[np.float64]:
        """Calibrated probabilities of the network's log-odds."""
        return np.asarray(sigmoid(self.logits(raw)), np.float64)

    def as_json(self) -> dict[str, float]:
        """Plain numbers, for `calibration.json`."""
        return asdict(self)
