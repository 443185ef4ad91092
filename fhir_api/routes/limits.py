"""How much of each thing a request may bring. The front door maps its settings to these.

The defaults come from OWASP API4:2023 (unrestricted resource consumption) and from what other FHIR
servers use; https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption
"""

from dataclasses import dataclass, field

from fhir_api.json_text import JsonLimits


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one request.

    Attributes:
        bundle_bytes: Of a body that is posted to the base, after unpacking; 413 above it. There is
            no limit on the entries of a Bundle but this one.
        resource_bytes: Of a body that is sent to a type or a resource; 413 above it. Room for a
            document with its picture.
        json: Of the JSON inside; 400 above them.
        header_bytes: Names and values of all headers together; 431 above it.
        address_bytes: Path and query; 414 above it.
        parameters: Search parameters in one address; 400 above it.
        page: Resources on one page; `_count` above it is cut to it.
        gzip_ratio: Times that a compressed body may grow; 400 above it.
        upload_bytes_per_second: A body that comes more slowly is cut with 408.
        upload_window_s: Seconds over which that pace is measured.
    """

    bundle_bytes: int = 50_000_000
    resource_bytes: int = 10_000_000
    json: JsonLimits = field(default_factory=JsonLimits)
    header_bytes: int = 16_384
    address_bytes: int = 8_192
    parameters: int = 50
    page: int = 1_000
    gzip_ratio: int = 100
    upload_bytes_per_second: int = 1_000
    upload_window_s: float = 10.0
