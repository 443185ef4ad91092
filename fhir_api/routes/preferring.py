"""`Prefer`: what the caller wants to be told of a write, and how strictly a search is to be read.

https://hl7.org/fhir/R4/http.html#ops; case does not matter (RFC 7240, 2).
"""

from typing import get_args

from fastapi import Request

from fhir_api.ingest.parts import Answer

RETURN = "return="
LENIENT = "handling=lenient"


def preferred(request: Request, otherwise: Answer) -> Answer:
    """What the `Prefer` headers of a request ask for, else `otherwise`.

    A preference that is not known is passed over, as RFC 7240 has it.
    """
    asked = [each.removeprefix(RETURN) for each in preferences(request) if RETURN in each]
    known = {each.lower(): each for each in get_args(Answer) if each != "nothing"}
    found = [known[each] for each in asked if each in known]
    return found[0] if found else otherwise


def lenient(request: Request) -> bool:
    """Whether parameters that are not served may be left out."""
    return LENIENT in preferences(request)


def preferences(request: Request) -> list[str]:
    """What the `Prefer` headers say, in lower case, as `name=value`."""
    given = ",".join(request.headers.getlist("prefer")).lower().replace(";", ",")
    plain = given.translate({ord(each): None for each in ' \t"'})
    return plain.split(",")
