"""Answering a Bundle: one entry for each entry sent, in the same order.

https://hl7.org/fhir/R4/http.html#transaction-response. Ids are the caller's own; to callers who may
see no identities, those under which resources are stored.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fhir_api.errors import FhirError, to_outcome
from fhir_api.ingest.parts import Answer
from fhir_api.ingest.results import Fetched, Result, Stored
from fhir_api.reidentify import Presenter

Searchset = Callable[[Fetched], dict[str, Any]]


class Answering:
    """Makes the answer to one Bundle.

    Args:
        presenter: What the caller may see.
        answer: As `Prefer: return=` has it.
        searchset: Makes the Bundle of a search that an entry asked for.
    """

    def __init__(
        self,
        presenter: Presenter,
        answer: Answer = "minimal",
        searchset: Searchset = lambda _found: {},
    ) -> None:
        self.presenter = presenter
        self.answer = answer
        self.searchset = searchset

    def bundle(self, kind: str, results: Sequence[Result]) -> dict[str, Any]:
        """A Bundle of what became of each entry; `kind` is `transaction-response` or the like."""
        self.learn(results)
        resources = self.resources(results)
        entries = [
            {**resources.get(index, {}), "response": self.response(each)}
            for index, each in enumerate(results)
        ]
        made = {"resourceType": "Bundle", "type": kind}
        return made | ({"entry": entries} if entries else {})

    def learn(self, results: Sequence[Result]) -> None:
        """Remember the ids that the caller named; ask the vault, once, for the others."""
        unknown = []
        for each in results:
            if isinstance(each, Stored):
                name = "/".join(each.stored)
                if each.real_id is not None:
                    self.presenter.real[name] = f"{each.stored[0]}/{each.real_id}"
                elif each.written.version:
                    unknown.append(name)
        if self.presenter.identified:
            self.presenter.learn(unknown)

    def resources(self, results: Sequence[Result]) -> dict[int, dict[str, Any]]:
        """What stands in `entry.resource`, by place: what was read, and what was asked for."""
        shown = {}
        for index, each in enumerate(results):
            if isinstance(each, Fetched) and each.page is not None:
                shown[index] = {"resource": self.searchset(each)}
        rows = {index: row for index, each in enumerate(results) if (row := self.shows(each))}
        presented = self.presenter.present(list(rows.values()))
        return shown | {
            index: {"resource": body} for index, body in zip(rows, presented, strict=True)
        }

    def shows(self, result: Result) -> Any:
        """The row that an answer shows whole, or None."""
        if isinstance(result, Fetched):
            whole = result.entry.method == "GET" and result.status == "200 OK"
            return result.row if whole else None
        if isinstance(result, Stored) and self.answer == "representation":
            return result.row if result.row is not None and not result.row.deleted else None
        return None

    def response(self, result: Result) -> dict[str, Any]:
        """`Bundle.entry.response` of one entry."""
        if isinstance(result, FhirError):
            return {"status": str(result.status), "outcome": to_outcome(result)}
        version = result.written.version if isinstance(result, Stored) else None
        row = result.row
        tag = version or (row.version if row is not None else None)
        return {
            "status": result.status,
            **({"location": self.location(result)} if located(result) else {}),
            **({"etag": f'W/"{tag}"'} if tag else {}),
            **({"lastModified": instant(row.recorded_at)} if row is not None else {}),
            **({"outcome": all_well(result.status)} if self.answer == "OperationOutcome" else {}),
        }

    def location(self, result: Result) -> str:
        """Where the version can be read, below the base of the server."""
        assert isinstance(result, Stored)
        return f"{self.name(result)}/_history/{result.written.version}"

    def name(self, stored: Stored) -> str:
        """`Type/id` as the caller knows it: the id that was named, else the one that is shown."""
        entry = stored.entry
        if entry.id is not None and stored.real_id is not None:
            return f"{entry.resource_type}/{entry.id}"
        return self.presenter.name("/".join(stored.stored))


def located(result: Result) -> bool:
    """Whether there is a version to point at."""
    written = isinstance(result, Stored) and result.written.version > 0
    return written and result.entry.method != "DELETE"  # type: ignore[union-attr]


def instant(moment: datetime) -> str:
    """A moment as FHIR's instant."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def all_well(status: str) -> dict[str, Any]:
    """The OperationOutcome of an entry with which nothing is wrong."""
    issue = {"severity": "information", "code": "informational", "diagnostics": status}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
