"""What the model sees of one patient at one moment."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Step:
    """What happened close together in time: one step of the network's event sequence.

    Attributes:
        hours_before: Hours from the step's time to the moment of prediction, >= 0.
        codes: Event codes, sorted; one for each event of the step, duplicates removed.
        values: One number beside each code: its numeric value, or NaN when it has none.
    """

    hours_before: float
    codes: tuple[str, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """Everything the model may use for one prediction.

    Attributes:
        patient_id: Pseudonym.
        encounter_id: Pseudonym of the stay that is (or will be) discharged; None outside a stay.
        as_of: UTC; nothing that became available later is used.
        values: The catalogue's features in its order (`etl.features.catalogue.NAMES`);
            NaN means unknown and is never a silent zero.
        stay_codes: Sorted distinct codes of the index stay (diagnoses, procedures, admission
            source, disposition, medications, abnormal labs, demographic classes).
        steps: Earlier history and this stay, oldest first; may be empty.
        note_keys: Content hashes of the notes available, oldest first; may be empty.
    """

    patient_id: str
    encounter_id: str | None
    as_of: datetime
    values: tuple[float, ...]
    stay_codes: tuple[str, ...]
    steps: tuple[Step, ...]
    note_keys: tuple[str, ...]
