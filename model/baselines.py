"""What the network must beat, learned from the same rows: base rate, LACE, regression, boosting.

All see the catalogue's values and the codes of the stay. History reaches them through the
catalogue's counts; they read no sequence and no notes.
"""

from dataclasses import dataclass

import lightgbm
import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from model.calibrate import fit_calibration
from model.dataset import Dataset
from model.metrics import Floats, log_loss, logit
from model.runtime.inputs import Encoded
from model.runtime.normalisation import Normalisation, squash
from model.split import Part

PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
ROUNDS, PATIENCE = 2000, 100
ENOUGH_ROWS = 20_000  # below this, boosting gets fewer leaves
BOOSTING = {
    "objective": "binary",
    "learning_rate": 0.03,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "cat_smooth": 50.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True)
class Regression:
    """A fitted logistic regression and the inverse penalty that the validation part chose."""

    fitted: LogisticRegression
    inverse_penalty: float

    def logits(self, design: sparse.csr_matrix) -> Floats:
        """Log-odds of each row of the design."""
        return np.asarray(self.fitted.decision_function(design), np.float64)


def base_rate(data: Dataset, part: Part) -> Floats:
    """Everybody gets the share of the training part."""
    return np.full(len(data.parts[part]), data.labels("train").mean())


def lace(data: Dataset, part: Part) -> Floats:
    """The LACE score, recalibrated on the training part (van Walraven 2010, CMAJ 182:551).

    A patient whose score is unknown is given the median one.
    """
    column = data.normalisation.features.index("lace")
    score = data.examples.rows.values[:, column]
    score = np.where(np.isnan(score), data.normalisation.median[column], score)
    train, rows = data.parts["train"], data.parts[part]
    fitted = LogisticRegression().fit(score[train, None], data.labels("train"))
    return np.asarray(fitted.predict_proba(score[rows, None])[:, 1], np.float64)


def linear_design(encoded: Encoded, scales: Normalisation, codes: int) -> sparse.csr_matrix:
    """Unknown flags, standardised values and codes present: (row, 2 * feature + code)."""
    values = encoded.rows.values
    unknown = np.isnan(values)
    z = np.where(unknown, 0.0, (squash(values) - scales.mean) / scales.scale)
    return sparse.hstack([unknown.astype(float), z, multi_hot(encoded, codes)], format="csr")


def multi_hot(encoded: Encoded, codes: int) -> sparse.csr_matrix:
    """1 where the stay has the code, (row, code)."""
    ones = np.ones(len(encoded.stay_ids))
    shape = (len(encoded), codes)
    flat = (ones, encoded.stay_ids, encoded.rows.stay_offsets)
    present = sparse.csr_matrix(flat, shape=shape, copy=True)  # summing works in place
    present.sum_duplicates()
    present.data[:] = 1.0  # two rare codes may have become one parent
    return present


def logistic_regression(data: Dataset) -> Regression:
    """Ridge regression; the penalty is the one with the least validation log loss."""
    design = linear_design(data.encoded, data.normalisation, len(data.vocabulary))
    train, valid = design[data.parts["train"]], design[data.parts["valid"]]
    labels, once = data.labels("valid"), np.ones(valid.shape[0])
    tried = []
    for inverse in PENALTIES:
        fitted = LogisticRegression(C=inverse, max_iter=300, tol=1e-3).fit(
            train, data.labels("train")
        )
        loss = log_loss(labels, fitted.predict_proba(valid)[:, 1], once)
        tried.append((loss, inverse, fitted))
    _, inverse, fitted = min(tried, key=lambda entry: entry[0])
    return Regression(fitted, inverse)


def boosting(data: Dataset, seed: int, threads: int) -> dict[Part, Floats]:
    """LightGBM, stopped early on the validation part; probabilities of valid and test."""
    codes = multi_hot(data.encoded, len(data.vocabulary))
    values = sparse.csr_matrix(data.examples.rows.values)  # keeps NaN; what is not stored is 0
    design = sparse.hstack([values, codes], format="csr")
    train, valid = (
        lightgbm.Dataset(design[data.parts[part]], data.labels(part)) for part in ("train", "valid")
    )
    many = len(data.parts["train"]) >= ENOUGH_ROWS
    sizes = {"num_leaves": 31 if many else 7, "min_data_in_leaf": 60 if many else 20}
    fitted = lightgbm.train(
        {**BOOSTING, **sizes, "seed": seed, "num_threads": threads},
        train,
        num_boost_round=ROUNDS,
        valid_sets=[valid],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    parts: tuple[Part, ...] = ("valid", "test")
    return {part: np.asarray(fitted.predict(design[data.parts[part]])) for part in parts}


def recalibrated(data: Dataset, answers: dict[Part, Floats]) -> Floats:
    """Test probabilities after the same recalibration on valid that ours gets."""
    rate = float(data.labels("train").mean())
    calibration = fit_calibration(data.labels("valid"), logit(answers["valid"]), rate)
    return calibration.probabilities(logit(answers["test"]))
