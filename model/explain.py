"""Why a score is what it is: each clinical factor taken away in turn, the difference told.

Occlusion (Zeiler and Fergus 2014; "leave one covariate out"): a factor's known values become
those of the average patient, its codes and notes are removed, and the change of the log-odds is
its contribution. All variants run as one batch. A contribution is an association, not a cause.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from etl.features.words import describe, modifiable
from model.factors import HISTORY_KINDS, SILENT_WORDS, STAY_KINDS, Factors
from model.runtime.artefact import Artefact
from model.runtime.inputs import Encoded, Inputs, pack
from model.runtime.network import encode_values
from model.score import Reason

NEGLIGIBLE = 0.01  # log-odds; less is no reason
NOTES = "notes"
ONE = np.zeros(1, np.int64)
Logits = Callable[[Inputs], NDArray[np.float64]]


@dataclass(frozen=True)
class Explainer:
    """Reasons for one patient at a time.

    Attributes:
        artefact: The model explained.
        factors: What belongs together.
    """

    artefact: Artefact
    factors: Factors

    @classmethod
    def of(cls, artefact: Artefact) -> "Explainer":
        """An explainer for the features the model was trained on."""
        return cls(artefact, Factors.of(artefact.normalisation.features))

    def explain(self, row: Encoded, logits: Logits) -> tuple[float, tuple[Reason, ...]]:
        """The row's log-odds and its reasons, in one batch.

        Args:
            row: One encoded row.
            logits: Calibrated log-odds of a batch.
        """
        inputs, variants = pack(row, ONE), self.variants(row)
        answers = logits(variants)
        full, without = float(answers[0]), answers[1:]
        known = ~np.isnan(inputs["values"][0])
        linear = self._linear(inputs["values"])
        reasons = [
            self._reason(place, full - float(other), inputs["values"][0], known, linear)
            for place, other in enumerate(without)
            if abs(full - other) >= NEGLIGIBLE
        ]
        return full, tuple(sorted(reasons, key=_order))

    def variants(self, row: Encoded) -> Inputs:
        """The row as it is, then once without each factor."""
        count = len(self.factors.names)
        inputs, owners = pack(row, ONE), self._owners(row)
        many = {name: np.repeat(array, count + 1, axis=0) for name, array in inputs.items()}
        numbers = np.arange(count)[:, None]
        for name in ("stay_codes", "event_codes"):
            many[name][1:][owners[name] == numbers] = 0
        many["values"][1:] = self._average(inputs["values"][0])
        if NOTES in self.factors.names:
            many["note_mask"][1 + self.factors.names.index(NOTES)] = False
        return many

    def _owners(self, row: Encoded) -> Inputs:
        """The factor of each code, laid out like the codes themselves; -2 for padding."""
        codes = row.rows.codes
        stay = self.factors.of_codes(codes, STAY_KINDS)[row.rows.stay_codes] + np.int32(2)
        events = self.factors.of_codes(codes, HISTORY_KINDS)[row.rows.event_codes] + np.int32(2)
        labelled = replace(row, stay_ids=stay, event_ids=events)
        packed = pack(labelled, ONE)
        return {name: packed[name] - 2 for name in ("stay_codes", "event_codes")}

    def _average(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """(factor, feature): known values of the factor as the average patient has them."""
        known = ~np.isnan(values)
        median = self.artefact.normalisation.median.astype(np.float32)
        replaced = np.where(self.factors.features & known, median, values)
        change = np.where(known, replaced - values, np.float32(0.0))
        return replaced + change @ self.factors.totals.T.astype(np.float32)

    def _linear(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each value adds to the wide part, compared with the average patient's."""
        scales = self.artefact.normalisation
        median = np.where(np.isnan(values), values, scales.median.astype(np.float32))
        moved = encode_values(values, scales) - encode_values(median, scales)
        kernels = [member.weights["wide_values/kernel"][:, 0] for member in self.artefact.members]
        weighted = moved[0] * np.mean(kernels, axis=0)
        return weighted.reshape(len(scales.features), -1).sum(axis=1)

    def _reason(
        self,
        place: int,
        contribution: float,
        values: NDArray[np.float32],
        known: NDArray[np.bool_],
        linear: NDArray[np.float32],
    ) -> Reason:
        factor = self.factors.names[place]
        names = self.artefact.normalisation.features
        told = np.flatnonzero(self.factors.features[place] & known & ~self._parts())
        if factor == NOTES:
            return Reason(factor, note_words(contribution), contribution, modifiable=False)
        pull = linear[told] * np.sign(contribution)
        if not (pull > 0).any():  # no single value points this way: name the factor alone
            words = SILENT_WORDS.get(factor, factor.replace("_", " "))
            return Reason(factor, words, contribution, modifiable=False)
        chosen = told[np.argmax(pull)]
        text = describe(names[chosen], float(values[chosen]))
        return Reason(factor, text, contribution, modifiable(names[chosen]))

    def _parts(self) -> NDArray[np.bool_]:
        """Features that are points of a score; the count itself is told, not its points."""
        return np.asarray(self.factors.totals.any(axis=0))


def _order(reason: Reason) -> tuple[bool, float]:
    """Reasons that raise the risk first, each side strongest first."""
    return reason.contribution < 0, -abs(reason.contribution)


def note_words(contribution: float) -> str:
    """What is said of notes: which way they point, never what stands in them."""
    return f"what the notes say points to {'higher' if contribution > 0 else 'lower'} risk"
