"""The id of a request: the caller's own when it is a plain word, else one made here.

https://hl7.org/fhir/R4/http.html#custom; it is given back, and stands in the audit trail.
"""

import re
import uuid

from starlette.requests import HTTPConnection

HEADER = "X-Request-Id"
PLAIN = re.compile(r"[A-Za-z0-9._\-]{1,64}")


def request_id_of(request: HTTPConnection) -> str:
    """The id of a request, the same whenever it is asked."""
    if not hasattr(request.state, "request_id"):
        given = request.headers.get(HEADER, "")
        request.state.request_id = given if PLAIN.fullmatch(given) else str(uuid.uuid4())
    request_id: str = request.state.request_id
    return request_id
