"""Which resource an entry is: the id that its pseudonym is made of.

The standard lets the server choose the id of a POST. We choose it so that the same Bundle sent
twice names the same resources, and nothing is stored twice.
"""

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from fhir_api.bundles.entry import Entry
from fhir_api.json_text import dump_sorted

NAMESPACE = uuid.UUID("5b0b4c9e-6f5e-5d0e-9d4c-686f6d657764")
URN_UUID = "urn:uuid:"
LONGEST_ID = 64


def digest_of(bundle: Mapping[str, Any]) -> str:
    """sha256 of a Bundle's content, the same whatever the order of its names."""
    return hashlib.sha256(dump_sorted(bundle)).hexdigest()


def real_id(entry: Entry, bundle_digest: str) -> str:
    """The id of an entry's resource.

    PUT: the id in the URL. POST named `urn:uuid:X`: X. Any other POST: made of the Bundle's
    digest and the entry's place.
    """
    if entry.id is not None:
        return entry.id
    named = (entry.full_url or "").lower()
    if named.startswith(URN_UUID) and is_uuid(named.removeprefix(URN_UUID)):
        return named.removeprefix(URN_UUID)
    return made_id(bundle_digest, entry.index)


def made_id(digest: str, index: int) -> str:
    """An id for the resource at a place of something with this digest."""
    return str(uuid.uuid5(NAMESPACE, f"{digest}/{index}"))


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its usual form."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
