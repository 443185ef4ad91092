"""Keys of one site, each for one purpose, all derived from one root secret.

HKDF-SHA256 (RFC 5869). A key that leaks opens its own purpose only; the root never leaves the
front door, and two sites with the same root share no key.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from privacy.errors import WeakSecret

SECRET_BYTES = 32
DISTINCT_BYTES = 8
PRINTED_EXAMPLES = frozenset(
    {
        b"0123456789abcdef0123456789abcdef",
        bytes(range(32)),
        b"abcdefghijklmnopqrstuvwxyz012345",
        b"correct horse battery staple 1234",
    }
)


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """The keys of one site, 32 bytes each; never printed.

    Attributes:
        site: Name of the site; part of every pseudonym.
        pseudonym: Makes ids.
        identifier: Makes tokens of identifiers.
        date: Picks each patient's shift.
        quarantine: Encrypts what was refused.
        vault: Seals the real names of pseudonyms.
    """

    site: str
    pseudonym: bytes = field(repr=False)
    identifier: bytes = field(repr=False)
    date: bytes = field(repr=False)
    quarantine: bytes = field(repr=False)
    vault: bytes = field(repr=False)


def derive_keys(root: bytes, site: str) -> SiteKeys:
    """All keys of `site`; the same every time they are asked for.

    Raises:
        WeakSecret: `root` has fewer than 32 bytes, too few different ones, or is a known example.
    """
    _refuse_weak(root)
    return SiteKeys(
        site=site,
        pseudonym=_derive(root, site, "pseudonym"),
        identifier=_derive(root, site, "identifier"),
        date=_derive(root, site, "date"),
        quarantine=_derive(root, site, "quarantine"),
        vault=_derive(root, site, "vault"),
    )


def _derive(root: bytes, site: str, purpose: str) -> bytes:
    info = f"homeward/1/{purpose}\0{site}".encode()
    return HKDF(algorithm=SHA256(), length=SECRET_BYTES, salt=None, info=info).derive(root)


def _refuse_weak(root: bytes) -> None:
    if len(root) < SECRET_BYTES:
        raise WeakSecret(f"has {len(root)} bytes and needs {SECRET_BYTES}")
    if len(set(root)) < DISTINCT_BYTES:
        raise WeakSecret("repeats itself and could be guessed")
    if any(root.startswith(example) for example in PRINTED_EXAMPLES):
        raise WeakSecret("is an example printed in a manual")
