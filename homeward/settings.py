"""Everything that can be set from outside, read once, here and nowhere else.

A setting is a `HOMEWARD_*` variable or a line of `homeward.toml` in the working directory; the
variable wins. `docs/reference/settings.md` is written from the descriptions below.
"""

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from homeward.errors import WrongCall

MAXIMUM_AGE_CLASS = 120


class Settings(BaseSettings):
    """Frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix="HOMEWARD_", toml_file="homeward.toml", frozen=True, extra="forbid"
    )

    home: Path = Field(
        Path("var"),
        description="Holds the embedded database, keys, snapshots, models and reject files.",
    )
    site: str = Field(
        "default",
        pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
        description="Name of the hospital; keys and rows are bound to it.",
    )
    database_url: SecretStr | None = Field(
        None, description="A Postgres of your own; without it the embedded one is started."
    )
    key: SecretStr | None = Field(
        None, description="The site's root key, at least 32 bytes in hex; wins over `key_file`."
    )
    key_file: Path | None = Field(
        None,
        description="File that holds the root key in hex, mode 0400 or 0600. Default "
        "`HOME/keys/SITE.key`, made at first use beside the embedded database only. "
        "Lost, it orphans the data.",
    )
    policy_file: Path | None = Field(
        None, description="De-identification policy; without it the one that comes with Homeward."
    )
    notes: Literal["drop", "scrub"] = Field(
        "drop", description="Whether notes are dropped, or scrubbed of identifiers and kept."
    )
    vault: bool = Field(
        True,
        description="Whether real ids are kept, sealed under the site's key, so that callers who "
        "may see them get their own ids back; without it ids that a caller did not name stay "
        "pseudonyms.",
    )
    validation_rules: bool = Field(
        True, description="Whether invariants and reference targets are checked on every write."
    )
    validation_ignored: frozenset[str] = Field(
        frozenset(),
        description="Invariants that are not asked here, such as `obs-7`; `targets` for the types "
        "that references may name.",
    )
    inpatient_classes: frozenset[str] = Field(
        frozenset({"IMP", "ACUTE"}),
        description="Encounter.class codes that are acute inpatient stays at this site.",
    )
    emergency_classes: frozenset[str] = Field(
        frozenset({"EMER"}), description="Encounter.class codes that are emergency visits."
    )
    inpatient_needs_service: bool = Field(
        False,
        description="Whether an encounter of an inpatient class counts only when it names the "
        "service that cared for the patient; for sources that give emergency visits such a class.",
    )
    not_acute_types: frozenset[str] = Field(
        frozenset(),
        description="Encounter.type or serviceType codes, bare or system|code, of stays in "
        "rehabilitation, psychiatric or long-term care.",
    )
    minimum_age: int = Field(
        18, ge=0, le=MAXIMUM_AGE_CLASS, description="Youngest age of an index discharge, years."
    )
    observed_until: date | Literal["now", "forever"] = Field(
        "now",
        description="How far the site's data reach; discharges of the last 30 days before it "
        "have no label yet. `forever` for research data whose every stay was followed.",
    )
    master: str = Field("local[*]", description="Spark master.")
    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless fronted.")
    port: int = Field(8080, ge=0, le=65535, description="Port of FHIR and CDS Hooks.")
    metrics_port: int = Field(9090, ge=0, le=65535, description="Port of /metrics alone.")
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that answer; each keeps its own model in memory, and its metrics on "
        "the next port.",
    )
    maximum_body_mb: int = Field(50, ge=1, description="Largest Bundle posted, megabytes.")
    maximum_resource_mb: int = Field(
        10, ge=1, description="Largest body sent to one type or resource, megabytes."
    )
    authorization: Literal["open", "smart"] = Field(
        "open",
        description="Whether callers of the FHIR API must bring an access token (`smart`). `open` "
        "lets in who brings none, and still holds a token to its scopes.",
    )
    clients_file: Path | None = Field(
        None,
        description="JSON or TOML list of clients, registered when the server starts; "
        "`homeward clients` registers them one by one.",
    )
    trusted_issuers: tuple[dict[str, Any], ...] = Field(
        (),
        description="Other authorization servers whose access tokens are accepted: `issuer`, "
        "`jwks_url`, `audience`, and the names of their claims.",
    )
    trusted_user_header: str | None = Field(
        None,
        description="Request header in which a proxy that has signed the user in names them; the "
        "proxy must take it off what comes in.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        ("127.0.0.1", "::1"),
        description="Addresses that may send `trusted_user_header`, X-Forwarded-For and -Proto.",
    )
    open_launch: bool = Field(
        False,
        description="Whether anyone may make a launch (`_services/smart/Launch`), as the CDS Hooks "
        "Sandbox does; for development.",
    )
    token_requests_a_minute: int = Field(
        160,
        ge=1,
        le=10_000,
        description="Requests that a client may make of the token endpoint in a minute.",
    )
    outbound_allowed: tuple[str, ...] = Field(
        (),
        description="Servers that may be asked for client keys and bulk files: origins, or origins "
        "with a path. Nothing else is ever asked.",
    )
    notified: tuple[str, ...] = Field(
        (),
        description="Servers that subscriptions may notify: origins, or origins with a path. "
        "Nobody else is ever told.",
    )
    outbound_private: bool = Field(
        False, description="Whether those may lie in a private network or on this machine."
    )
    outbound_timeout_s: float = Field(
        10.0, gt=0, description="Longest wait for another server's next bytes, seconds."
    )
    medium_risk: float = Field(0.15, gt=0, lt=1, description="Risk from which a card warns.")
    high_risk: float = Field(0.30, gt=0, lt=1, description="Risk from which a card is critical.")
    note_deadline_ms: int = Field(
        150, ge=0, description="Time to encode a note first seen in prefetch, milliseconds."
    )
    cors_origins: tuple[str, ...] = Field((), description="Origins of browser clients.")
    public_url: str | None = Field(
        None,
        description="Address under which clients reach the server, such as "
        "`https://cds.example.org`; without it each request's own.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env: one file is enough
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - key_file serves secrets
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then `homeward.toml`."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**given: Any) -> Settings:
    """The settings of this process; `given` come from the command line and win.

    Raises:
        WrongCall: A setting is unknown or out of range; the message names it, not its value.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        )
        raise WrongCall(
            f"A setting is wrong ({wrong}). docs/reference/settings.md lists them."
        ) from error
