"""Everything that turning resources into events refuses.

    EventError
    └── UnreadableTime    an element is no FHIR date, dateTime or instant

A message names the place that is wrong and never the value found there.
"""

from etl.errors import EtlError


class EventError(EtlError):
    """Root of the family."""


class UnreadableTime(EventError):  # what it is, not that it is one
    """A stored element that should be a FHIR date or time is none."""

    def __init__(self) -> None:
        super().__init__(
            "A date in a stored resource must be a FHIR date, dateTime or instant. "
            "Validate resources before they are stored; ingest does."
        )
