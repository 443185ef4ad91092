"""SMART: clients, assertions seen, launches, codes, tokens, users.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SITE = "The hospital, our tenant"
SEALED = "User, patient and the rest of the context, AES-256-GCM under a key of the site"
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "smart_client",
    "smart_assertion",
    "smart_launch",
    "smart_code",
    "smart_token",
    "smart_user",
    "smart_attempt",
    "smart_signing_key",
)


def upgrade() -> None:
    create_clients()
    create_passing()
    create_tokens()
    create_users()


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)


def create_clients() -> None:
    op.create_table(
        "smart_client",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("client_id", sa.String(128), nullable=False, comment="Chosen at registration"),
        sa.Column("name", sa.String(200), nullable=False, comment="Shown on the consent page"),
        sa.Column(
            "authentication",
            sa.String(32),
            nullable=False,
            comment="none, private_key_jwt or client_secret_basic",
        ),
        sa.Column("secret", sa.LargeBinary(), comment="Keyed hash of the secret"),
        sa.Column("jwks", postgresql.JSONB(), comment="Public keys, inline"),
        sa.Column("jwks_url", sa.Text(), comment="Where its public keys are"),
        sa.Column(
            "redirect_uris",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Where codes may be sent",
        ),
        sa.Column(
            "launch_uris",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Where the app is opened from an EHR",
        ),
        sa.Column("scopes", sa.Text(), nullable=False, comment="The most it may be granted"),
        sa.Column(
            "grant_types",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="OAuth grant types it may use",
        ),
        sa.Column(
            "identified", sa.Boolean(), nullable=False, comment="Whether it sees real ids and dates"
        ),
        sa.Column(
            "introspects",
            sa.Boolean(),
            nullable=False,
            comment="Whether it may introspect tokens of other clients",
        ),
        sa.Column(
            "registered_at", MOMENT, nullable=False, comment="UTC; of the newest registration"
        ),
        sa.PrimaryKeyConstraint("site", "client_id"),
        comment="Registered clients of the FHIR API",
    )


def create_passing() -> None:
    op.create_table(
        "smart_assertion",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column(
            "assertion", sa.LargeBinary(), nullable=False, comment="Keyed hash of client and jti"
        ),
        sa.Column("expires_at", MOMENT, nullable=False, comment="UTC; after it no check is needed"),
        sa.PrimaryKeyConstraint("site", "assertion"),
        comment="Assertions used, until they expire",
    )
    op.create_index("ix_smart_assertion_expires_at", "smart_assertion", ["expires_at"])
    op.create_table(
        "smart_launch",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column(
            "launch", sa.LargeBinary(), nullable=False, comment="Keyed hash of the launch id"
        ),
        sa.Column("context", sa.LargeBinary(), nullable=False, comment=SEALED),
        sa.Column(
            "expires_at", MOMENT, nullable=False, comment="UTC; a launch not used by then is void"
        ),
        sa.PrimaryKeyConstraint("site", "launch"),
        comment="Launches that wait for their app",
    )
    op.create_index("ix_smart_launch_expires_at", "smart_launch", ["expires_at"])


def create_tokens() -> None:
    op.create_table(
        "smart_code",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("code", sa.LargeBinary(), nullable=False, comment="Keyed hash of the code"),
        sa.Column("client_id", sa.String(128), nullable=False, comment="Whom it was issued to"),
        sa.Column("redirect_uri", sa.Text(), nullable=False, comment="Where it was sent"),
        sa.Column("challenge", sa.String(128), nullable=False, comment="PKCE, S256"),
        sa.Column("scope", sa.Text(), nullable=False, comment="As granted on the consent page"),
        sa.Column("context", sa.LargeBinary(), nullable=False, comment=SEALED),
        sa.Column("family", sa.String(32), nullable=False, comment="Of all tokens that come of it"),
        sa.Column("expires_at", MOMENT, nullable=False, comment="UTC; the last moment it is good"),
        sa.Column("used_at", MOMENT, comment="UTC; null until it is used"),
        sa.PrimaryKeyConstraint("site", "code"),
        comment="Authorization codes",
    )
    op.create_index("ix_smart_code_expires_at", "smart_code", ["expires_at"])
    op.create_table(
        "smart_token",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("token", sa.LargeBinary(), nullable=False, comment="Keyed hash of the token"),
        sa.Column("kind", sa.String(16), nullable=False, comment="access_token or refresh_token"),
        sa.Column(
            "family",
            sa.String(32),
            nullable=False,
            comment="All that came of one authorization; revoked together",
        ),
        sa.Column("client_id", sa.String(128), nullable=False, comment="Whom it was issued to"),
        sa.Column("scope", sa.Text(), nullable=False, comment="As granted"),
        sa.Column("context", sa.LargeBinary(), nullable=False, comment=SEALED),
        sa.Column("issued_at", MOMENT, nullable=False, comment="UTC"),
        sa.Column("expires_at", MOMENT, nullable=False, comment="UTC; the last moment it is good"),
        sa.Column("used_at", MOMENT, comment="UTC; when a refresh token was turned in"),
        sa.Column("revoked_at", MOMENT, comment="UTC; null while it is good"),
        sa.PrimaryKeyConstraint("site", "token"),
        comment="Access and refresh tokens; opaque, none can be read from its hash",
    )
    op.create_index("ix_smart_token_site_family", "smart_token", ["site", "family"])
    op.create_index("ix_smart_token_expires_at", "smart_token", ["expires_at"])


def create_users() -> None:
    op.create_table(
        "smart_user",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("login", sa.String(128), nullable=False, comment="Name to sign in with"),
        sa.Column(
            "password",
            sa.String(200),
            comment="scrypt with its salt; null for who is signed in by a proxy alone",
        ),
        sa.Column(
            "fhir_user",
            sa.LargeBinary(),
            nullable=False,
            comment="Reference to who it is, AES-256-GCM under a key of the site",
        ),
        sa.Column("added_at", MOMENT, nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("site", "login"),
        comment="Users of small sites, and names a proxy signs in",
    )
    op.create_table(
        "smart_attempt",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("subject", sa.LargeBinary(), nullable=False, comment="Keyed hash of who tries"),
        sa.Column("began_at", MOMENT, nullable=False, comment="UTC; start of the window"),
        sa.Column("tries", sa.SmallInteger(), nullable=False, comment="In this window"),
        sa.PrimaryKeyConstraint("site", "subject", "began_at"),
        comment="Tries to sign in, window by window",
    )
    op.create_index("ix_smart_attempt_began_at", "smart_attempt", ["began_at"])
    op.create_table(
        "smart_signing_key",
        sa.Column("site", sa.String(64), nullable=False, comment=SITE),
        sa.Column("algorithm", sa.String(16), nullable=False, comment="JWA name"),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="The private JWK, AES-256-GCM under a key of the site",
        ),
        sa.Column("made_at", MOMENT, nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("site", "algorithm"),
        comment="Keys that identity tokens are signed with",
    )
