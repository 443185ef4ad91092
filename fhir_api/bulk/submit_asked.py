"""What a client says of a submission: that it begins, has a manifest more, is complete, or is off.

https://build.fhir.org/ig/HL7/bulk-data/en/submit.html (STU 4 ballot); the words of the Argonaut
draft before it (`complete`, `aborted`) are understood as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_api.bulk.asked import FORMATS
from fhir_api.bulk.import_asked import parts_of
from fhir_api.bulk.parameters import value_of
from fhir_api.errors import InvalidRequest, NotSupported
from fhir_api.outbound.destination import AllowList
from fhir_api.outbound.errors import NotAllowed

STAGES = {
    "in-progress": "in-progress",
    "completed": "completed",
    "complete": "completed",
    "stopped": "stopped",
    "aborted": "stopped",
}
NOT_OFFERED = {
    "oauthMetadataUrl": "this server asks your token endpoint for no token; "
    "send a token for the files in fileRequestHeader",
    "fileEncryptionKey": "files are not decrypted here; serve them over TLS",
}
KNOWN = {
    "submitter", "submissionId", "submissionStatus", "manifestUrl", "replacesManifestUrl",
    "fhirBaseUrl", "FHIRBaseUrl", "outputFormat", "_outputFormat", "fileRequestHeader", "metadata",
}  # fmt: skip
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]{0,8190}[\x21-\x7e])?")
OURS = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}
LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Submission:
    """One call of $bulk-submit or $bulk-submit-status.

    Attributes:
        system: Of the submitter's identifier.
        submitter: Value of the submitter's identifier.
        submission_id: The client's name of the submission.
        stage: in-progress, completed or stopped.
        manifest_url: A manifest more, or None.
        replaces: URL of the manifest that it stands in for, or None.
        headers: To send when files are fetched.
    """

    system: str
    submitter: str
    submission_id: str
    stage: str = "in-progress"
    manifest_url: str | None = None
    replaces: str | None = None
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def read_submission(body: Mapping[str, Any], allowed: AllowList) -> Submission:
    """A call of $bulk-submit; raises InvalidRequest, NotSupported or NotAllowed."""
    given = given_of(body)
    system, submitter, submission_id = name_of(given)
    status, url = given.get("submissionStatus"), text_of(given, "manifestUrl")
    replaces = text_of(given, "replacesManifestUrl")
    if status is None and url is None:
        message = "Give submissionStatus or manifestUrl, or both."
        raise InvalidRequest(message, "submissionStatus")
    if replaces is not None and url is None:
        raise InvalidRequest("replacesManifestUrl needs a manifestUrl.", "replacesManifestUrl")
    check_format(text_of(given, "outputFormat") or text_of(given, "_outputFormat"))
    check_url(url, allowed)
    headers = headers_of(given.get("fileRequestHeader", []))
    return Submission(system, submitter, submission_id, stage_of(status), url, replaces, headers)


def read_status(body: Mapping[str, Any]) -> Submission:
    """A call of $bulk-submit-status."""
    return Submission(*name_of(given_of(body)))


def given_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters by name: headers as a list, everything else once."""
    parameters = body.get("parameter")
    if body.get("resourceType") != "Parameters" or not isinstance(parameters, list):
        raise InvalidRequest("Post a Parameters resource.", "Parameters")
    given: dict[str, Any] = {}
    for index, each in enumerate(parameters):
        path = f"Parameters.parameter[{index}]"
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise InvalidRequest(f"{path} must have a name.", path)
        take(given, each, path)
    return given


def take(given: dict[str, Any], parameter: Mapping[str, Any], path: str) -> None:
    """Add one parameter; raises NotSupported for what is not offered."""
    name = parameter["name"]
    if name in NOT_OFFERED:
        raise NotSupported(f"{name} is not offered: {NOT_OFFERED[name]}.", path)
    if name not in KNOWN:
        raise NotSupported(f"{path} is not known. These are: {', '.join(sorted(KNOWN))}.", path)
    if name == "fileRequestHeader":
        given.setdefault(name, []).append(parts_of(parameter, path))
    elif name in given:
        raise InvalidRequest(f"{path} is given twice.", path)
    elif name != "metadata":
        given[name] = plain_value(parameter, path)


def plain_value(parameter: Mapping[str, Any], path: str) -> Any:
    """An Identifier or Coding as an object, anything else as text."""
    for kind in ("valueIdentifier", "valueCoding"):
        if isinstance(parameter.get(kind), dict):
            return parameter[kind]
    return value_of(parameter, path)


def name_of(given: Mapping[str, Any]) -> tuple[str, str, str]:
    """System and value of the submitter, and the submission's id."""
    submitter = given.get("submitter")
    value = submitter.get("value") if isinstance(submitter, dict) else None
    if not isinstance(submitter, dict) or not isinstance(value, str) or not value:
        raise InvalidRequest("submitter must be an Identifier with a value.", "submitter")
    submission_id = given.get("submissionId")
    if not isinstance(submission_id, str) or not 0 < len(submission_id) <= LONGEST_ID:
        message = f"submissionId must be a text of 1 to {LONGEST_ID} characters."
        raise InvalidRequest(message, "submissionId")
    return str(submitter.get("system", "")), value, submission_id


def stage_of(status: Any) -> str:
    """The stage that a Coding or a code names."""
    code = status.get("code") if isinstance(status, dict) else status
    if code is None:
        return "in-progress"
    if code not in STAGES:
        message = "submissionStatus must be in-progress, completed or stopped."
        raise InvalidRequest(message, "submissionStatus")
    return STAGES[code]


def text_of(given: Mapping[str, Any], name: str) -> str | None:
    """A parameter that is a text; None when it is not given."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a text.", name)
    return value


def check_format(name: str | None) -> None:
    """Raise InvalidRequest for files that are no NDJSON."""
    if name is not None and name.partition(";")[0].strip() not in FORMATS:
        raise InvalidRequest(f"outputFormat must be one of {', '.join(sorted(FORMATS))}.")


def check_url(url: str | None, allowed: AllowList) -> None:
    """Raise NotAllowed for a manifest that is not on the site's list."""
    if url is not None and url not in allowed:
        refused = NotAllowed()
        refused.expression = "manifestUrl"
        raise refused


def headers_of(given: list[dict[str, str]]) -> dict[str, str]:
    """Headers for the files; raises InvalidRequest for one that could change the request."""
    found = {}
    for each in given:
        name, value = each.get("headerName", ""), each.get("headerValue", "")
        fits = HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value)
        if not fits or name.lower() in OURS:
            message = "fileRequestHeader must be a headerName and headerValue that may be sent."
            raise InvalidRequest(message, "fileRequestHeader")
        found[name.lower()] = value
    return found
