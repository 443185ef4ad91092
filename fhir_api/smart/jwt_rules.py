"""The rules every signed token has to keep before its signature is worth looking at.

Both kinds of JWT that come in are read here: a client's assertion and an external issuer's access
token. The algorithm comes from our list and the key from where we know it; what the header says of
keys (`jwk`, `x5c`, `x5u`) is never used.

https://www.rfc-editor.org/rfc/rfc8725
"""

import json
import math
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

LONGEST = 16 << 10  # characters of a token
LONGEST_KID = 512
SHORTEST_RSA = 2048  # bits
LEEWAY_S = 60
LATEST = 1 << 40  # seconds; larger is no moment
CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
Jwk = dict[str, Any]


class BadToken(Exception):
    """A token breaks a rule; which one is for our log alone."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token whose signature has not been looked at.

    Attributes:
        text: As it came.
        algorithm: One of those allowed.
        kid: Id of the key it names.
        header: All of it.
        claims: What it says, and nobody has proved.
    """

    text: str
    algorithm: str
    kid: str
    header: dict[str, Any]
    claims: dict[str, Any]


def read(text: str, algorithms: Collection[str], types: Collection[str | None]) -> Unverified:
    """A token in its parts; raises BadToken.

    Args:
        text: The token.
        algorithms: JWA names that may sign it.
        types: What `typ` may say, in lower case; None for absent.
    """
    parts = text.split(".")
    if len(text) > LONGEST or len(parts) != 3 or not all(parts):
        raise BadToken("form")
    header, claims = part(parts[0]), part(parts[1])
    said = header.get("typ")
    if (said.lower() if isinstance(said, str) else said) not in types:
        raise BadToken("typ")
    if header.get("alg") not in algorithms:
        raise BadToken("alg")
    if "crit" in header or "b64" in header or "zip" in header:
        raise BadToken("crit")
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KID:
        raise BadToken("kid")
    return Unverified(text, header["alg"], kid, header, claims)


def part(encoded: str) -> dict[str, Any]:
    """One part of a token as a JSON object."""
    try:
        padded = encoded + "=" * (-len(encoded) % 4)
        value = json.loads(urlsafe_b64decode(padded.encode("ascii")), object_pairs_hook=unique)
    except (ValueError, Error, RecursionError) as error:
        raise BadToken("form") from error
    if not isinstance(value, dict):
        raise BadToken("form")
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; raises ValueError when a name comes twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name comes twice")
    return made


def verified(token: Unverified, keys: Sequence[Jwk]) -> dict[str, Any]:
    """The claims, signed by the one key that the token names; raises BadToken."""
    kind = "EC" if token.algorithm.startswith("ES") else "RSA"
    named = [key for key in keys if key.get("kid") == token.kid and key.get("kty") == kind]
    if len(named) != 1:
        raise BadToken("key")
    try:
        key = JWKRegistry.import_key(usable(named[0], token.algorithm))
        return dict(jwt.decode(token.text, key, algorithms=[token.algorithm]).claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadToken("signature") from error


def usable(key: Jwk, algorithm: str) -> Jwk:
    """The key, if it is meant to verify signatures of the algorithm."""
    operations = key.get("key_ops", ["verify"])
    meant = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
    if not meant or "verify" not in operations or not is_strong(key):
        raise BadToken("key")
    if algorithm in CURVES and key["crv"] != CURVES[algorithm]:
        raise BadToken("curve")
    return {name: value for name, value in key.items() if name not in {"use", "alg", "key_ops"}}


def is_strong(key: Jwk) -> bool:
    """Whether a key is long enough, or of a curve we know."""
    if key.get("kty") == "EC":
        return key.get("crv") in CURVES.values()
    modulus = key.get("n")
    return isinstance(modulus, str) and len(modulus.rstrip("=")) * 6 >= SHORTEST_RSA


def demand_time(claims: dict[str, Any], now: datetime, longest_s: int) -> float:
    """The moment a token expires; raises BadToken when it is past, far off, or not yet begun."""
    moment = now.timestamp()
    expires = seconds(claims, "exp")
    if expires is None or not moment - LEEWAY_S < expires <= moment + longest_s + LEEWAY_S:
        raise BadToken("exp")
    begun = seconds(claims, "iat")
    if begun is not None and not expires - longest_s - LEEWAY_S <= begun <= moment + LEEWAY_S:
        raise BadToken("iat")
    valid_from = seconds(claims, "nbf")
    if valid_from is not None and valid_from > moment + LEEWAY_S:
        raise BadToken("nbf")
    return expires


def seconds(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate, or None when absent; raises BadToken for anything else."""
    if name not in claims:
        return None
    value = claims[name]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or abs(value) > LATEST or not math.isfinite(value):
        raise BadToken(name)
    return float(value)


def demand_audience(claims: dict[str, Any], accepted: Collection[str]) -> None:
    """Refuse a token that is meant for others."""
    said = claims.get("aud")
    named = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    if not any(isinstance(each, str) and each in accepted for each in named):
        raise BadToken("aud")
