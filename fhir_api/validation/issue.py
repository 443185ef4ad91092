"""One thing that is wrong, and where."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of an OperationOutcome.

    Attributes:
        code: https://hl7.org/fhir/R4/valueset-issue-type.html
        diagnostics: A sentence for the sender; never holds a value of the resource.
        expression: FHIRPath, such as `Bundle.entry[3].resource.status`; None for the whole.
        severity: `error`, or `warning` for what is stored all the same.
    """

    code: str
    diagnostics: str
    expression: str | None = None
    severity: str = "error"

    def as_fhir(self) -> dict[str, Any]:
        """The issue as `OperationOutcome.issue`."""
        issue = {"severity": self.severity, "code": self.code, "diagnostics": self.diagnostics}
        return issue | ({"expression": [self.expression]} if self.expression else {})
