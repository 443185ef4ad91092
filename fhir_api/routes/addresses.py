"""Types and ids in a path, as strict as the standard has them."""

import re

from fhir_api.errors import ResourceNotFound, UnknownPlace
from fhir_api.validation.elements import resource_types

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def known_type(resource_type: str) -> str:
    """The type, if R4 has it; raises UnknownPlace (404)."""
    if resource_type not in resource_types():
        raise UnknownPlace
    return resource_type


def known_id(resource_type: str, id_: str) -> str:
    """The id, if it could be one of the type; raises ResourceNotFound (404)."""
    if not ID.fullmatch(id_):
        raise ResourceNotFound(known_type(resource_type))
    return id_
