"""One event of a patient's life, in the shape of MEDS with its provenance beside it.

https://github.com/Medical-Event-Data-Standard/meds gives `subject_id, time, code, numeric_value,
text_value`; we add when the fact became available, and which resource said so.
"""

from datetime import datetime
from typing import NamedTuple

import pyarrow as pa

EVENT_SCHEMA = pa.schema(
    [
        pa.field("patient_id", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("us", tz="UTC")),
        pa.field("available", pa.timestamp("us", tz="UTC")),
        pa.field("code", pa.string(), nullable=False),
        pa.field("numeric_value", pa.float64()),
        pa.field("text_value", pa.string()),
        pa.field("unit", pa.string()),
        pa.field("resource_type", pa.string(), nullable=False),
        pa.field("resource_id", pa.string(), nullable=False),
        pa.field("encounter_id", pa.string()),
    ]
)


class Event(NamedTuple):
    """One fact about one patient; the fields stand in the order of `EVENT_SCHEMA`.

    Attributes:
        patient_id: Pseudonym.
        time: UTC; when it happened. None for what is true of the patient at all times.
        available: UTC; when it could be known. None means: always known.
        code: `KIND//system//code`, such as `LAB//http://loinc.org//718-7` or `ADMISSION//IMP`.
        numeric_value: The measured value, in `unit`; None when there is none.
        text_value: A coded or short text value; None when there is none.
        unit: UCUM code of `numeric_value`.
        resource_type: R4 type of the resource that said so.
        resource_id: Pseudonym of that resource; a newer version of it replaces all its events.
        encounter_id: Pseudonym of the encounter it belongs to, if the resource says.
    """

    patient_id: str
    time: datetime | None
    available: datetime | None
    code: str
    numeric_value: float | None
    text_value: str | None
    unit: str | None
    resource_type: str
    resource_id: str
    encounter_id: str | None
