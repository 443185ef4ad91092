"""What this server can do, for apps that find it: SMART's and OpenID Connect's documents.

https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html
"""

from typing import Any

from fhir_api.access.scopes import OTHERS
from fhir_api.smart.assertion import ALGORITHMS
from fhir_api.smart.identity import ALGORITHM as IDENTITY_ALGORITHM

METHODS = ["private_key_jwt", "client_secret_basic"]
GRANTS = ["authorization_code", "client_credentials", "refresh_token"]
CAPABILITIES = [
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
]
LEVELS = ("patient", "user", "system")


def smart_configuration(server: str, fhir: str) -> dict[str, Any]:
    """The answer to `.well-known/smart-configuration`; every address absolute.

    Args:
        server: Address of the server, without a slash at its end.
        fhir: Address of the FHIR API.
    """
    return {
        "issuer": fhir,
        "jwks_uri": f"{server}/auth/jwks",
        "authorization_endpoint": f"{server}/auth/authorize",
        "token_endpoint": f"{server}/auth/token",
        "introspection_endpoint": f"{server}/auth/introspect",
        "revocation_endpoint": f"{server}/auth/revoke",
        "grant_types_supported": GRANTS,
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": scopes(),
        "capabilities": CAPABILITIES,
    }


def openid_configuration(server: str, fhir: str) -> dict[str, Any]:
    """The answer to `.well-known/openid-configuration`, for who verifies identity tokens."""
    known = smart_configuration(server, fhir)
    del known["capabilities"]
    return known | {
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [IDENTITY_ALGORITHM],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser"],
    }


def scopes() -> list[str]:
    """Scopes there are; of those that open resources, the widest of each level."""
    return [*sorted(OTHERS), *(f"{level}/*.{each}" for level in LEVELS for each in ("cruds", "*"))]
