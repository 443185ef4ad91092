"""Who sits at the browser: named by the hospital's proxy, or signed in here.

The session is a sealed cookie (HttpOnly, SameSite=Lax, half an hour) that opens the pages under
/auth and nothing of the FHIR API. Every form carries a token bound to the browser, so that no other
site can send it. Pages cannot be framed.
"""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request, Response

from fhir_api.smart.parts import SmartParts
from fhir_api.smart.users import FHIR_USER

SESSION, BROWSER = "homeward_session", "homeward_browser"
LIFETIME = timedelta(minutes=30)
SENDER = "homeward.sender"  # in the scope: the address before X-Forwarded-For replaced it
MOST_FOR_NAME, MOST_FROM_ADDRESS = 10, 100  # tries in five minutes
PATH = "/auth"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user at a browser.

    Attributes:
        fhir_user: Who it is, such as `Practitioner/7`.
        login: Name in the directory, None for one that only the proxy knows.
        at: When they signed in, seconds since 1970.
    """

    fhir_user: str
    login: str | None
    at: int


@dataclass(frozen=True, slots=True)
class Door:
    """Finds and lets in users of one site."""

    parts: SmartParts

    def who(self, request: Request) -> SignedIn | None:
        """The user at the browser, or None."""
        return self.named_by_proxy(request) or self.of_session(request)

    def named_by_proxy(self, request: Request) -> SignedIn | None:
        """The user that a trusted proxy names: a login of the directory, or a reference."""
        sign_on = self.parts.sign_on
        if sign_on.header is None or sender_of(request) not in sign_on.proxies:
            return None
        named = request.headers.getlist(sign_on.header)
        if len(named) != 1:
            return None
        at = int(self.parts.now().timestamp())
        if FHIR_USER.fullmatch(named[0]):
            return SignedIn(named[0], None, at)
        user = self.parts.users.find(named[0])
        return SignedIn(user.fhir_user, user.login, at) if user else None

    def of_session(self, request: Request) -> SignedIn | None:
        """The user of a session that has not ended, if still in the directory."""
        try:
            sealed = bytes.fromhex(request.cookies.get(SESSION, ""))
        except ValueError:
            return None
        content = self.parts.seal.open("session", sealed)
        if content is None:
            return None
        session = json.loads(content)
        age = self.parts.now().timestamp() - session["at"]
        user = self.parts.users.find(session["login"])
        if user is None or age > LIFETIME.total_seconds():
            return None
        return SignedIn(user.fhir_user, user.login, session["at"])

    def may_try(self, login: str, request: Request) -> bool:
        """Count a try to sign in; False when there were too many for the name or the address."""
        now = self.parts.now()
        caller = request.client.host if request.client else ""
        for_name = self.parts.memory.tries(f"login {login}", now)
        from_address = self.parts.memory.tries(f"address {caller}", now)
        return for_name <= MOST_FOR_NAME and from_address <= MOST_FROM_ADDRESS

    def session(self, login: str, now: datetime) -> str:
        """The cookie of a user who has just signed in."""
        content = json.dumps({"login": login, "at": int(now.timestamp())}).encode()
        return self.parts.seal.seal("session", content).hex()

    def let_in(self, response: Response, login: str, *, secure: bool) -> None:
        """Give the browser its session."""
        value = self.session(login, self.parts.now())
        age = int(LIFETIME.total_seconds())
        give(response, SESSION, value, secure=secure, age=age)

    def form_token(self, browser: str) -> str:
        """What every form of a browser carries."""
        return self.parts.seal.hash("form", browser).hex()

    def is_own_form(self, request: Request, token: str) -> bool:
        """Whether a form was sent by a page of ours to this very browser."""
        browser = request.cookies.get(BROWSER, "")
        expected = self.form_token(browser)
        return bool(browser) and hmac.compare_digest(token.encode(), expected.encode())


def sender_of(request: Request) -> str:
    """The address a request came from: of the proxy, where one speaks for the browser."""
    return str(request.scope.get(SENDER) or (request.client.host if request.client else ""))


def browser_of(request: Request) -> str:
    """A random name of the browser, the one it has or a new one."""
    known = request.cookies.get(BROWSER, "")
    return known if len(known) == 43 else secrets.token_urlsafe(32)


def give(
    response: Response, name: str, value: str, *, secure: bool, age: int | None = None
) -> None:
    """Set a cookie that no script reads and no other site sends."""
    response.set_cookie(
        name, value, max_age=age, path=PATH, httponly=True, samesite="lax", secure=secure
    )
