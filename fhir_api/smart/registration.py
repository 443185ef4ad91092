"""A client as it is described in a file or by a command, checked before it is registered.

Clients are registered by the site alone; dynamic registration (RFC 7591) is not offered.

    kind           public                  an app that can keep no secret
                   confidential            an app with a secret, or with keys of its own
                   system                  a backend service, with keys of its own
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from fhir_api.access.scopes import LONGEST, is_known
from fhir_api.smart.client import Authentication, Client
from fhir_api.smart.errors import InvalidRegistration
from fhir_api.smart.jwt_rules import is_strong
from fhir_api.smart.sealing import Seal

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~:\-]{0,127}")
KINDS = ("public", "confidential", "system")
MEMBERS = frozenset(
    {
        "id", "name", "kind", "scopes", "redirect_uris", "launch_uris", "jwks", "jwks_url",
        "secret", "identified", "introspects", "grant_types",
    }
)  # fmt: skip
GRANT_TYPES = {
    "public": ("authorization_code", "refresh_token"),
    "confidential": ("authorization_code", "refresh_token"),
    "system": ("client_credentials",),
}
SHORTEST_SECRET = 32  # characters
LONGEST_NAME = 200
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def client_of(described: Mapping[str, Any], seal: Seal) -> Client:
    """The client that is described; raises InvalidRegistration, naming the member."""
    for name in sorted(described.keys() - MEMBERS):
        raise InvalidRegistration(name if name.isidentifier() else "a member", "left out")
    kind = one_of(described, "kind", KINDS)
    client_id = text_of(described, "id")
    demand(ID.fullmatch(client_id), "id", "1 to 128 letters, digits or . _ ~ : -")
    return Client(
        client_id=client_id,
        name=shown_name(described, client_id),
        authentication=authentication_of(kind, described),
        scopes=scopes_of(described, kind),
        grant_types=grant_types_of(described, kind),
        redirect_uris=addresses_of(described, "redirect_uris", needed=kind != "system"),
        launch_uris=addresses_of(described, "launch_uris", needed=False),
        jwks=public_keys_of(described),
        jwks_url=key_address_of(described),
        secret=secret_of(described, seal, client_id),
        identified=truth_of(described, "identified"),
        introspects=truth_of(described, "introspects"),
    )


def authentication_of(kind: str, described: Mapping[str, Any]) -> Authentication:
    """How the client will prove who it is."""
    given = [name for name in ("jwks", "jwks_url", "secret") if described.get(name)]
    if kind == "public":
        demand(not given, "kind", "confidential where there are keys or a secret")
        return "none"
    demand(len(given) == 1, "jwks, jwks_url or secret", "given, exactly one of them")
    if kind == "system":
        demand(given != ["secret"], "jwks or jwks_url", "given for a system, and no secret")
    return "client_secret_basic" if given == ["secret"] else "private_key_jwt"


def scopes_of(described: Mapping[str, Any], kind: str) -> str:
    """The most it may be granted."""
    given = described.get("scopes")
    words = given.split() if isinstance(given, str) else words_of(described, "scopes")
    demand(words and all(map(is_known, words)), "scopes", "SMART scopes of R4 types")
    demand(len(" ".join(words)) <= LONGEST, "scopes", f"at most {LONGEST} characters")
    mine = "system/" if kind == "system" else "user/ and patient/"
    foreign = ("patient/", "user/") if kind == "system" else ("system/",)
    demand(not any(each.startswith(foreign) for each in words), "scopes", f"{mine} for this kind")
    return " ".join(dict.fromkeys(words))


def grant_types_of(described: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """Grant types it may use: those of its kind, or fewer."""
    usual = GRANT_TYPES[kind]
    given = tuple(words_of(described, "grant_types")) or usual
    demand(set(given) <= set(usual), "grant_types", f"some of {', '.join(usual)}")
    return given


def addresses_of(described: Mapping[str, Any], name: str, *, needed: bool) -> tuple[str, ...]:
    """Addresses of an app: https, http on this machine, or a scheme of its own with a dot."""
    given = words_of(described, name)
    demand(given or not needed, name, "given")
    demand(all(map(is_app_address, given)), name, "https addresses without fragment")
    return tuple(given)


def is_app_address(address: str) -> bool:
    """Whether codes may be sent to an address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if not address.isascii() or not address.isprintable() or set(' "<>\\#') & set(address):
        return False
    if parts.scheme in {"https", "http"}:
        mine = parts.hostname in THIS_MACHINE
        return (
            bool(parts.hostname) and "@" not in parts.netloc and (parts.scheme == "https" or mine)
        )
    return "." in parts.scheme


def public_keys_of(described: Mapping[str, Any]) -> dict[str, Any] | None:
    """Inline keys: a JWK Set of public keys, each with a `kid` of its own."""
    given = described.get("jwks")
    if given is None:
        return None
    demand(isinstance(given, dict) and isinstance(given.get("keys"), list), "jwks", "a JWK Set")
    kids = [key.get("kid") for key in given["keys"] if isinstance(key, dict)]
    demand(kids and len(set(kids)) == len(given["keys"]), "jwks", "keys, each with its own kid")
    shown = any(PRIVATE_MEMBERS & key.keys() for key in given["keys"])
    demand(not shown, "jwks", "public: replace these keys, they are known to others now")
    weak = not all(map(is_strong, given["keys"]))
    demand(not weak, "jwks", "RSA keys of 2048 bits or more, or EC keys")
    try:
        KeySet.import_key_set({"keys": given["keys"]})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise InvalidRegistration("jwks", "keys of RFC 7517") from error
    return dict(given)


def key_address_of(described: Mapping[str, Any]) -> str | None:
    """Where its keys are; https, or http on this machine."""
    if described.get("jwks_url") is None:
        return None
    address = text_of(described, "jwks_url")
    fit = is_app_address(address) and address.startswith(("https:", "http:"))
    demand(fit, "jwks_url", "an https address")
    return address


def secret_of(described: Mapping[str, Any], seal: Seal, client_id: str) -> bytes | None:
    """The hash under which its secret is kept."""
    if described.get("secret") is None:
        return None
    secret = text_of(described, "secret")
    demand(len(secret) >= SHORTEST_SECRET, "secret", f"{SHORTEST_SECRET} characters or more")
    return seal.hash(f"client {client_id}", secret)


def shown_name(described: Mapping[str, Any], client_id: str) -> str:
    """The name users see; the id where none is given."""
    name = text_of(described, "name") if described.get("name") else client_id
    fit = name.isprintable() and len(name) <= LONGEST_NAME
    demand(fit, "name", f"one line of at most {LONGEST_NAME} characters")
    return name


def text_of(described: Mapping[str, Any], name: str) -> str:
    """A member that is text."""
    value = described.get(name)
    demand(isinstance(value, str) and value and "\0" not in value, name, "text")
    return str(value)


def one_of(described: Mapping[str, Any], name: str, values: tuple[str, ...]) -> str:
    """A member that is one of a few words."""
    value = described.get(name)
    demand(value in values, name, f"one of {', '.join(values)}")
    return str(value)


def words_of(described: Mapping[str, Any], name: str) -> list[str]:
    """A member that is a list of texts; empty when absent."""
    value = described.get(name) or []
    fit = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    demand(fit, name, "a list of texts")
    return list(value)


def truth_of(described: Mapping[str, Any], name: str) -> bool:
    """A member that is true or false; false when absent."""
    value = described.get(name, False)
    demand(isinstance(value, bool), name, "true or false")
    return bool(value)


def demand(holds: object, place: str, expected: str) -> None:
    """Refuse the registration unless something holds."""
    if not holds:
        raise InvalidRegistration(place, expected)
