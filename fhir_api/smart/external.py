"""Access tokens of another authorization server: JWTs that are verified here.

An issuer is trusted by name: its `iss`, its keys and our `aud` are settings. A JWT of CDS Hooks,
an identity token or a client's assertion has another audience and no scope, and opens nothing.

https://www.rfc-editor.org/rfc/rfc9068
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fhir_api.access.caller import Caller
from fhir_api.access.scopes import LONGEST, grants_of
from fhir_api.smart.context import ID
from fhir_api.smart.jwt_rules import BadToken, demand_audience, demand_time, read, verified
from fhir_api.smart.key_sets import KeySets
from fhir_api.smart.parts import TrustedIssuer
from fhir_api.smart.users import FHIR_USER

TYPES = ("at+jwt", "application/at+jwt", "jwt", None)
LONGEST_LIFE_S = 24 * 3600
LONGEST_CLIENT = 256


@dataclass(frozen=True, slots=True)
class External:
    """Reads access tokens of trusted issuers."""

    issuers: tuple[TrustedIssuer, ...]
    key_sets: KeySets

    def caller(self, text: str, now: datetime) -> tuple[Caller, datetime]:
        """Who comes with a token, and until when; raises BadToken."""
        algorithms = {each for issuer in self.issuers for each in issuer.algorithms}
        token = read(text, algorithms, TYPES)
        issuer = self.named(token.claims.get("iss"))
        if token.algorithm not in issuer.algorithms:
            raise BadToken("alg")
        claims = verified(token, self.key_sets.keys(issuer.jwks_url, token.kid, now))
        demand_audience(claims, (issuer.audience,))
        expires = demand_time(claims, now, LONGEST_LIFE_S)
        return caller_of(claims, issuer), datetime.fromtimestamp(expires, UTC)

    def named(self, said: Any) -> TrustedIssuer:
        """The issuer a token claims to come from."""
        for issuer in self.issuers:
            if issuer.issuer == said:
                return issuer
        raise BadToken("iss")


def caller_of(claims: dict[str, Any], issuer: TrustedIssuer) -> Caller:
    """The caller that verified claims describe."""
    said = claims.get(issuer.scope_claim)
    words = said if isinstance(said, list) else said.split() if isinstance(said, str) else []
    scopes = " ".join(each for each in words if isinstance(each, str))
    if not scopes or len(scopes) > LONGEST:
        raise BadToken("scope")
    user = reference(claims.get(issuer.user_claim))
    patient = claims.get(issuer.patient_claim)
    if patient is not None and not (isinstance(patient, str) and ID.fullmatch(patient)):
        raise BadToken("patient")
    client = claims.get(issuer.client_claim) or claims.get("azp") or claims.get("sub")
    if not isinstance(client, str) or len(client) > LONGEST_CLIENT:
        raise BadToken("client")
    return Caller(
        client=client,
        grants=grants_of(scopes, patient=patient, user=user),
        user=user,
        patient=patient,
        identified=issuer.identified,
        scopes=scopes,
    )


def reference(said: Any) -> str | None:
    """A `fhirUser`, absolute or relative, as `Type/id`; None when it is none."""
    if not isinstance(said, str):
        return None
    relative = "/".join(said.rsplit("/", 2)[-2:])
    return relative if FHIR_USER.fullmatch(relative) else None
