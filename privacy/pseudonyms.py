"""Keyed pseudonyms: one id always gets the same, and nobody without the key can tell whose.

HMAC-SHA256 cut to 160 bits. Site and resource type are part of what is hashed, so the same number
at two sites, or as a patient and as an encounter, gives two pseudonyms that nobody can link.
docs/decisions/0003 says why a plain hash would not do.
"""

import hmac
import re
import uuid
from base64 import b32encode

from privacy.keys import SiteKeys

PSEUDONYM = "p1"
IDENTIFIER, VALUE = "i1", "i2"
BYTES = 20  # 160 bits are 32 letters of base32
IS_PSEUDONYM = re.compile(r"p1[a-z2-7]{32}")


def pseudonym(keys: SiteKeys, resource_type: str, real_id: str) -> str:
    """The id under which a resource is stored; fits FHIR's 64 characters for an id.

    Args:
        keys: Keys of the site.
        resource_type: R4 type name, such as Patient.
        real_id: The source system's id, whatever it looks like.
    """
    return PSEUDONYM + _letters(keys.pseudonym, keys.site, resource_type, real_id)


def identifier_token(keys: SiteKeys, system: str | None, value: str) -> str:
    """What an identifier is stored and found under; an absent system is the empty one."""
    return IDENTIFIER + _letters(keys.identifier, keys.site, system or "", value)


def value_token(keys: SiteKeys, value: str) -> str:
    """What the value of an identifier is found under by those who name no system."""
    return VALUE + _letters(keys.identifier, keys.site, "value", "", value)


def uuid_pseudonym(keys: SiteKeys, text: str) -> str:
    """A `urn:uuid:` that stands for an address we could not resolve."""
    digest = _digest(keys.pseudonym, keys.site, "urn", text)
    return f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}"


def uid_pseudonym(keys: SiteKeys, uid: str) -> str:
    """A DICOM uid under 2.25, the arc for uids made from a UUID (ISO/IEC 9834-8)."""
    digest = _digest(keys.pseudonym, keys.site, "uid", uid.removeprefix("urn:oid:"))
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def is_pseudonym(text: str) -> bool:
    """True for what `pseudonym` makes.

    >>> is_pseudonym("p1" + "a" * 32), is_pseudonym("patient-1")
    (True, False)
    """
    return IS_PSEUDONYM.fullmatch(text) is not None


def _letters(key: bytes, *parts: str) -> str:
    return b32encode(_digest(key, *parts)[:BYTES]).decode("ascii").lower()


def _digest(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, "\0".join(parts).encode("utf-8", "surrogatepass"), "sha256")
