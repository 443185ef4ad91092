"""What a features run is asked to do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from etl.notes.encoder import EncoderFactory
from etl.rules import SiteRules


@dataclass(frozen=True, slots=True)
class FeatureJob:
    """What to compute and where to put it.

    Attributes:
        database_url: Address of the store, SQLAlchemy's or libpq's.
        site: The tenant.
        home: Directory of snapshots; on a cluster, one that every machine sees at this path.
        rules: The site's rules; their `observed_until` is the true end of observation.
        full: Compute every patient, whatever an earlier snapshot holds.
        encoder: Makes the note encoder, once on the driver and once in each worker process;
            pickled. None leaves notes without vectors.
        observed_until: A patient's own end of observation by pseudonym, UTC, on the patient's
            shifted clock. Called on the driver, so its key stays there. None: that of the rules.
    """

    database_url: str
    site: str
    home: Path
    rules: SiteRules
    full: bool = False
    encoder: EncoderFactory | None = None
    observed_until: Callable[[str], datetime | None] | None = None

    def observed(self, patient_id: str) -> datetime | None:
        """How far this patient was observed; None when to the end of time."""
        if self.observed_until is None:
            return self.rules.observed_until
        return self.observed_until(patient_id)
