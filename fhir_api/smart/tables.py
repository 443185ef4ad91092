"""Tables of the authorization server. No secret stands in them, and no real id in the open.

Codes, tokens, launches and client secrets are kept as keyed hashes: what is read out of the
database opens nothing. Who is in context is sealed under the site's key.
"""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import Boolean, DateTime, Index, LargeBinary, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from fhir_api.store.base import Base
from fhir_api.store.tables import Site

Hash = Annotated[bytes, mapped_column(LargeBinary)]
ClientId = Annotated[str, mapped_column(String(128))]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Words = Annotated[list[str], mapped_column(ARRAY(Text))]
TENANT = "The hospital, our tenant"
SEALED = "User, patient and the rest of the context, AES-256-GCM under a key of the site"


class SmartClient(Base):
    """An app or a system that may ask for tokens."""

    __tablename__ = "smart_client"
    __table_args__ = ({"comment": "Registered clients of the FHIR API"},)

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    client_id: Mapped[ClientId] = mapped_column(primary_key=True, comment="Chosen at registration")
    name: Mapped[str] = mapped_column(String(200), comment="Shown on the consent page")
    authentication: Mapped[str] = mapped_column(
        String(32), comment="none, private_key_jwt or client_secret_basic"
    )
    secret: Mapped[bytes | None] = mapped_column(LargeBinary, comment="Keyed hash of the secret")
    jwks: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="Public keys, inline"
    )
    jwks_url: Mapped[str | None] = mapped_column(Text, comment="Where its public keys are")
    redirect_uris: Mapped[Words] = mapped_column(comment="Where codes may be sent")
    launch_uris: Mapped[Words] = mapped_column(comment="Where the app is opened from an EHR")
    scopes: Mapped[str] = mapped_column(Text, comment="The most it may be granted")
    grant_types: Mapped[Words] = mapped_column(comment="OAuth grant types it may use")
    identified: Mapped[bool] = mapped_column(Boolean, comment="Whether it sees real ids and dates")
    introspects: Mapped[bool] = mapped_column(
        Boolean, comment="Whether it may introspect tokens of other clients"
    )
    registered_at: Mapped[Moment] = mapped_column(comment="UTC; of the newest registration")


class SmartAssertion(Base):
    """An assertion that was used; the primary key makes each good for one use."""

    __tablename__ = "smart_assertion"
    __table_args__ = (Index(None, "expires_at"), {"comment": "Assertions used, until they expire"})

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    assertion: Mapped[Hash] = mapped_column(
        primary_key=True, comment="Keyed hash of client and jti"
    )
    expires_at: Mapped[Moment] = mapped_column(comment="UTC; after it no check is needed")


class SmartLaunch(Base):
    """What the EHR was showing when it opened an app."""

    __tablename__ = "smart_launch"
    __table_args__ = (Index(None, "expires_at"), {"comment": "Launches that wait for their app"})

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    launch: Mapped[Hash] = mapped_column(primary_key=True, comment="Keyed hash of the launch id")
    context: Mapped[bytes] = mapped_column(LargeBinary, comment=SEALED)
    expires_at: Mapped[Moment] = mapped_column(comment="UTC; a launch not used by then is void")


class SmartCode(Base):
    """An authorization code; kept after its use, so that a second use is noticed."""

    __tablename__ = "smart_code"
    __table_args__ = (Index(None, "expires_at"), {"comment": "Authorization codes"})

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    code: Mapped[Hash] = mapped_column(primary_key=True, comment="Keyed hash of the code")
    client_id: Mapped[ClientId] = mapped_column(comment="Whom it was issued to")
    redirect_uri: Mapped[str] = mapped_column(Text, comment="Where it was sent")
    challenge: Mapped[str] = mapped_column(String(128), comment="PKCE, S256")
    scope: Mapped[str] = mapped_column(Text, comment="As granted on the consent page")
    context: Mapped[bytes] = mapped_column(LargeBinary, comment=SEALED)
    family: Mapped[str] = mapped_column(String(32), comment="Of all tokens that come of it")
    expires_at: Mapped[Moment] = mapped_column(comment="UTC; the last moment it is good")
    used_at: Mapped[Moment | None] = mapped_column(comment="UTC; null until it is used")


class SmartToken(Base):
    """An access or refresh token."""

    __tablename__ = "smart_token"
    __table_args__ = (
        Index(None, "site", "family"),
        Index(None, "expires_at"),
        {"comment": "Access and refresh tokens; opaque, none can be read from its hash"},
    )

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    token: Mapped[Hash] = mapped_column(primary_key=True, comment="Keyed hash of the token")
    kind: Mapped[str] = mapped_column(String(16), comment="access_token or refresh_token")
    family: Mapped[str] = mapped_column(
        String(32), comment="All that came of one authorization; revoked together"
    )
    client_id: Mapped[ClientId] = mapped_column(comment="Whom it was issued to")
    scope: Mapped[str] = mapped_column(Text, comment="As granted")
    context: Mapped[bytes] = mapped_column(LargeBinary, comment=SEALED)
    issued_at: Mapped[Moment] = mapped_column(comment="UTC")
    expires_at: Mapped[Moment] = mapped_column(comment="UTC; the last moment it is good")
    used_at: Mapped[Moment | None] = mapped_column(
        comment="UTC; when a refresh token was turned in"
    )
    revoked_at: Mapped[Moment | None] = mapped_column(comment="UTC; null while it is good")


class SmartUser(Base):
    """Someone who may sign in to open an app."""

    __tablename__ = "smart_user"
    __table_args__ = ({"comment": "Users of small sites, and names a proxy signs in"},)

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    login: Mapped[str] = mapped_column(
        String(128), primary_key=True, comment="Name to sign in with"
    )
    password: Mapped[str | None] = mapped_column(
        String(200), comment="scrypt with its salt; null for who is signed in by a proxy alone"
    )
    fhir_user: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Reference to who it is, AES-256-GCM under a key of the site"
    )
    added_at: Mapped[Moment] = mapped_column(comment="UTC")


class SmartAttempt(Base):
    """How often something that could be guessed was tried."""

    __tablename__ = "smart_attempt"
    __table_args__ = (Index(None, "began_at"), {"comment": "Tries to sign in, window by window"})

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    subject: Mapped[Hash] = mapped_column(primary_key=True, comment="Keyed hash of who tries")
    began_at: Mapped[Moment] = mapped_column(primary_key=True, comment="UTC; start of the window")
    tries: Mapped[int] = mapped_column(SmallInteger, comment="In this window")


class SmartSigningKey(Base):
    """The key that identity tokens of the site are signed with."""

    __tablename__ = "smart_signing_key"
    __table_args__ = ({"comment": "Keys that identity tokens are signed with"},)

    site: Mapped[Site] = mapped_column(primary_key=True, comment=TENANT)
    algorithm: Mapped[str] = mapped_column(String(16), primary_key=True, comment="JWA name")
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary, comment="The private JWK, AES-256-GCM under a key of the site"
    )
    made_at: Mapped[Moment] = mapped_column(comment="UTC")
