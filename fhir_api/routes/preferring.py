"""`Prefer: return=`: what the caller wants to be told of what was written.

https://hl7.org/fhir/R4/http.html#ops
"""

from typing import get_args

from fastapi import Request

from fhir_api.ingest.parts import Answer

RETURN = "return="


def preferred(request: Request, otherwise: Answer) -> Answer:
    """What the `Prefer` headers of a request ask for, else `otherwise`.

    A preference that is not known is passed over, as RFC 7240 has it.
    """
    given = ",".join(request.headers.getlist("prefer")).replace(";", ",").split(",")
    asked = [each.strip().removeprefix(RETURN).strip('"') for each in given if RETURN in each]
    known = {each.lower(): each for each in get_args(Answer) if each != "nothing"}
    found = [known[each.lower()] for each in asked if each.lower() in known]
    return found[0] if found else otherwise
