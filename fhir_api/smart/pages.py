"""The pages a user sees: sign in, choose a patient, agree, and what went wrong.

Plain HTML with labels and without scripts; every value is escaped. They are never kept by a cache,
framed by another page, or followed by the address they came from.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from fastapi.responses import HTMLResponse

from fhir_api.smart.words import in_words

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;"
    "color:#111;background:#fff}label{display:block;margin:.4rem 0}fieldset{margin:1rem 0}"
    "input[type=text],input[type=password]{font:inherit;width:100%;padding:.4rem;"
    "box-sizing:border-box}button{font:inherit;padding:.5rem 1.2rem;margin:.5rem .5rem .5rem 0}"
    "[role=alert]{border-left:.3rem solid #a40000;padding-left:.8rem}"
)
STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; "
    "base-uri 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class ConsentPage:
    """What the consent page shows.

    Attributes:
        app: Name of the client.
        user: Who is signed in.
        scopes: What the app would get.
        patients: Ids to choose from; None when no patient has to be chosen.
        problem: What was wrong with the last answer, or None.
    """

    app: str
    user: str
    scopes: Sequence[str]
    patients: Sequence[str] | None
    problem: str | None = None


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """A whole page."""
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        '</title><meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main>"
        "</body></html>"
    )
    return HTMLResponse(html, status, HEADERS)


def hidden(**values: str) -> str:
    """Hidden fields of a form."""
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in values.items()
    )


def alert(problem: str | None) -> str:
    """A problem, read out by screen readers."""
    return f'<p role="alert">{escape(problem)}</p>' if problem else ""


def problem_page(problem: str, status: int = 400) -> HTMLResponse:
    """What went wrong where no app can be told."""
    return page("The app cannot be opened", alert(problem), status)


def sign_in_page(
    form_token: str, asked: str, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    """Name and password; `asked` is the request to go on with."""
    body = (
        f'{alert(problem)}<form method="post" action="/auth/login">'
        f"{hidden(form=form_token, asked=asked)}"
        '<label for="login">Name</label>'
        '<input type="text" id="login" name="login" autocomplete="username" required autofocus>'
        '<label for="password">Password</label>'
        '<input type="password" id="password" name="password" autocomplete="current-password" '
        'required><button type="submit">Sign in</button></form>'
    )
    return page("Sign in", body, status)


def consent_page(form_token: str, asked: str, shown: ConsentPage) -> HTMLResponse:
    """What the app would get, and for which patient."""
    kept = hidden(form=form_token, asked=asked)
    body = (
        f"{alert(shown.problem)}<p>{escape(shown.app)} asks for access. You are signed in as "
        f'{escape(shown.user)}.</p><form method="post" action="/auth/consent">{kept}'
        f"{patient_choice(shown.patients)}<fieldset><legend>It would be allowed to</legend>"
        f"{''.join(scope_choice(place, each) for place, each in enumerate(shown.scopes))}"
        '</fieldset><button type="submit" name="decision" value="allow">Allow</button>'
        '<button type="submit" name="decision" value="deny">Deny</button></form>'
        f'<form method="post" action="/auth/sign-out">{kept}'
        '<button type="submit">Sign in as someone else</button></form>'
    )
    status = 400 if shown.problem else 200
    return page(f"Open {shown.app}?", body, status)


def scope_choice(place: int, scope: str) -> str:
    """One scope, which may be left out."""
    return (
        f'<label for="scope{place}"><input type="checkbox" id="scope{place}" name="scope" '
        f'value="{escape(scope)}" checked> {escape(in_words(scope))}</label>'
    )


def patient_choice(patients: Sequence[str] | None) -> str:
    """Ids to choose from, and a field for another."""
    if patients is None:
        return ""
    listed = "".join(
        f'<label for="patient{place}"><input type="radio" id="patient{place}" name="patient" '
        f'value="{escape(each)}"> {escape(each)}</label>'
        for place, each in enumerate(patients)
    )
    return (
        "<fieldset><legend>For which patient?</legend>"
        '<label for="typed">Patient id</label><input type="text" id="typed" name="typed" '
        f'autocomplete="off"><p>or one of these (names are not kept here):</p>{listed}</fieldset>'
    )
