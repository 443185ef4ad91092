"""Answering a Bundle: one entry for each entry sent, in the same order.

https://hl7.org/fhir/R4/http.html#transaction-response. Ids are the caller's own; the pseudonyms
under which resources are stored never leave.
"""

from collections.abc import Sequence
from typing import Any

from fhir_api.errors import FhirError, to_outcome
from fhir_api.ingest.ingestor import Result, Stored


def transaction_response(results: Sequence[Result]) -> dict[str, Any]:
    """The answer to a transaction."""
    return response("transaction-response", results)


def batch_response(results: Sequence[Result]) -> dict[str, Any]:
    """The answer to a batch; an entry that failed carries its own OperationOutcome."""
    return response("batch-response", results)


def response(bundle_type: str, results: Sequence[Result]) -> dict[str, Any]:
    """A Bundle of what became of each entry."""
    entries = [{"response": entry_response(each)} for each in results]
    return {
        "resourceType": "Bundle",
        "type": bundle_type,
        **({"entry": entries} if entries else {}),
    }


def entry_response(result: Result) -> dict[str, Any]:
    """`Bundle.entry.response` of one entry."""
    if isinstance(result, FhirError):
        return {"status": str(result.status), "outcome": to_outcome(result)}
    version = result.written.version
    return {
        "status": result.status,
        **({"location": location(result)} if result.key[1] else {}),
        **({"etag": f'W/"{version}"'} if version else {}),
    }


def location(stored: Stored) -> str:
    """Where the version can be read, below the base of the server."""
    return f"{stored.key[0]}/{stored.key[1]}/_history/{stored.written.version}"
