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
    """

    code: str
    diagnostics: str
    expression: str | None = None

    def as_fhir(self) -> dict[str, Any]:
        """The issue as `OperationOutcome.issue`."""
        issue = {"severity": "error", "code": self.code, "diagnostics": self.diagnostics}
        return issue | ({"expression": [self.expression]} if self.expression else {})
