"""Fit the two numbers that make a score a probability, on validation rows."""

import numpy as np

from model.metrics import Floats, recalibration
from model.runtime.calibration import Calibration

CAUTION = 5.0  # rows' worth of penalty for departing from "as the network says"
LEAST_SLOPE = 0.05  # a score that points the wrong way on few rows is flattened, never turned round


def fit_calibration(labels: Floats, logits: Floats, base_rate: float) -> Calibration:
    """Intercept and slope on the validation rows, held near (0, 1) when they are few.

    Args:
        labels: (n,) 0 or 1.
        logits: (n,) what the network said.
        base_rate: Of the training part; kept for comparison on the card.
    """
    intercept, slope = recalibration(labels, logits, np.ones_like(logits), toward=CAUTION)
    return Calibration(intercept, max(slope, LEAST_SLOPE), base_rate)
