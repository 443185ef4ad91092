"""Users who may open apps: a small directory for development and small sites.

A hospital's own sign-on comes first: where a reverse proxy names the user, the directory only says
who that is in FHIR, and holds no password. Passwords are kept as scrypt, each with its salt.

https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
"""

import hashlib
import hmac
import os
import re
import unicodedata
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.postgresql import insert

from fhir_api.smart.errors import InvalidRegistration, UnknownClient
from fhir_api.smart.sealing import Seal
from fhir_api.smart.tables import SmartUser

LOGIN = re.compile(r"[^\s\x00-\x1f\x7f]{1,128}")
FHIR_USER = re.compile(
    r"(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9\-.]{1,64}"
)
SHORTEST, LONGEST = 12, 1024  # characters of a password
COST, BLOCK, LANES = 1 << 15, 8, 3  # OWASP's scrypt figures
MEMORY = 64 << 20  # bytes scrypt may take
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may open apps.

    Attributes:
        login: Name to sign in with.
        fhir_user: Who it is, such as `Practitioner/7`.
        has_password: Whether they may sign in here, and not at the proxy alone.
    """

    login: str
    fhir_user: str
    has_password: bool


@dataclass(frozen=True, slots=True)
class Users:
    """The directory of one site in the database."""

    engine: Engine
    seal: Seal

    def put(self, login: str, fhir_user: str, password: str | None, now: datetime) -> None:
        """Add a user, or replace one; raises InvalidRegistration."""
        if not LOGIN.fullmatch(login):
            raise InvalidRegistration("login", "1 to 128 characters without spaces")
        if not FHIR_USER.fullmatch(fhir_user):
            raise InvalidRegistration("fhir_user", "a reference such as Practitioner/7")
        if password is not None and not SHORTEST <= len(password) <= LONGEST:
            raise InvalidRegistration("password", f"{SHORTEST} characters or more")
        values = {
            "password": hashed(password) if password is not None else None,
            "fhir_user": self.seal.seal(purpose_of(login), fhir_user.encode()),
            "added_at": now,
        }
        statement = insert(SmartUser).values(site=self.seal.site, login=login, **values)
        with self.engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(constraint="pk_smart_user", set_=values)
            )

    def find(self, login: str) -> User | None:
        """The user, or None."""
        return self.looked_up(login)[0]

    def check(self, login: str, password: str) -> User | None:
        """The user whose password this is; as long in coming when there is no such user."""
        user, stored = self.looked_up(login)
        is_right = is_password(password[:LONGEST], stored or DUMMY)
        return user if stored and is_right else None

    def looked_up(self, login: str) -> tuple[User | None, str | None]:
        """A user and the stored password."""
        if not LOGIN.fullmatch(login):
            return None, None
        query = select(SmartUser.fhir_user, SmartUser.password).where(
            SmartUser.site == self.seal.site, SmartUser.login == login
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        fhir_user = self.seal.open(purpose_of(login), row.fhir_user) if row else None
        if row is None or fhir_user is None:
            return None, None
        return User(login, fhir_user.decode(), row.password is not None), row.password

    def every(self) -> list[User]:
        """All users, by login."""
        query = select(SmartUser.login).where(SmartUser.site == self.seal.site)
        with self.engine.connect() as connection:
            logins = connection.scalars(query.order_by(SmartUser.login)).all()
        return [user for login in logins if (user := self.find(login)) is not None]

    def remove(self, login: str) -> None:
        """Forget a user, whose tokens cannot be refreshed then; raises UnknownClient."""
        statement = delete(SmartUser).where(
            SmartUser.site == self.seal.site, SmartUser.login == login
        )
        with self.engine.begin() as connection:
            if connection.execute(statement).rowcount == 0:
                raise UnknownClient("user")


def purpose_of(login: str) -> str:
    """What the seal of a user is bound to."""
    return f"user {login}"


def hashed(password: str) -> str:
    """A password as it is stored."""
    salt = os.urandom(SALT_BYTES)
    return f"scrypt${COST}${BLOCK}${LANES}${text(salt)}${text(scrypt(password, salt))}"


def is_password(password: str, stored: str) -> bool:
    """Whether it is the password that was stored."""
    _, cost, block, lanes, salt, expected = stored.split("$")
    found = scrypt(password, b64decode(salt), int(cost), int(block), int(lanes))
    return hmac.compare_digest(found, b64decode(expected))


def scrypt(
    password: str, salt: bytes, cost: int = COST, block: int = BLOCK, lanes: int = LANES
) -> bytes:
    """RFC 7914."""
    secret = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=cost, r=block, p=lanes, maxmem=MEMORY, dklen=32)


def text(data: bytes) -> str:
    """Bytes as base64."""
    return b64encode(data).decode()


DUMMY = f"scrypt${COST}${BLOCK}${LANES}${text(bytes(SALT_BYTES))}${text(bytes(32))}"
