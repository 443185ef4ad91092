"""The way of a user through the authorization endpoint: sign in, choose, agree.

The request travels with the user from page to page and is checked again on each; the launch is used
up when the user agrees, and not before.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from fhir_api.smart.authorize import Asked, Stranger, about, check
from fhir_api.smart.context import ID, Context
from fhir_api.smart.grants import Consent
from fhir_api.smart.oauth_request import Pairs, SmartRequest, pairs_in
from fhir_api.smart.pages import ConsentPage, consent_page, problem_page, sign_in_page
from fhir_api.smart.patients import Patients
from fhir_api.smart.server import SmartServer
from fhir_api.smart.sign_in import BROWSER, PATH, SESSION, Door, SignedIn, browser_of, give

TOO_OFTEN = "There were too many tries. Wait five minutes, then try again."
WRONG = "Name or password is wrong."
NOT_OURS = "This page is too old, or the browser keeps no cookies. Open the app again."
NO_PATIENT = "There is no patient with this id here. Choose one, or type another id."
REDIRECT = 303
GoOn = Callable[[Request, Asked], Response]


class Counter:
    """Serves users of one site.

    Args:
        server: The authorization server.
    """

    def __init__(self, server: SmartServer) -> None:
        self.server = server
        self.parts = server.parts
        self.door = Door(server.parts)
        self.patients = Patients(self.parts.engine, self.parts.keys, self.parts.vault)

    def ask(self, request: Request, pairs: Pairs) -> Response:
        """The page that a request leads to: sign in, or agree."""
        return self.answered(request, pairs, self.next_page)

    def answered(self, request: Request, pairs: Pairs, go_on: GoOn) -> Response:
        """Check a request, then go on; refusals go to the app, or to the user alone."""
        asking = SmartRequest("GET", self.parts.server(request), request.headers, pairs)
        try:
            answer: Response = go_on(request, check(self.server, asking))
        except Stranger as error:
            return problem_page(str(error))
        except OAuth2Error as error:
            answer = self.server.handle_error_response(asking, error)
        return answer

    def next_page(self, request: Request, asked: Asked, problem: str | None = None) -> Response:
        """Sign in, or agree."""
        who = self.door.who(request)
        if who is None:
            return self.sign_in(request, asked.request.payload.datalist)
        context = about(asked, who)
        choose = asked.needs_patient and context.patient is None
        patients = self.patients.some() if choose else None
        shown = ConsentPage(asked.client.name, who.fhir_user, asked.scopes, patients, problem)
        browser = browser_of(request)
        written = query_of(asked.request.payload.datalist)
        return self.with_browser(
            request, browser, consent_page(self.door.form_token(browser), written, shown)
        )

    def sign_in(
        self, request: Request, asked: dict[str, list[str]], problem: str | None = None
    ) -> Response:
        """The page to sign in on."""
        browser = browser_of(request)
        status = 200 if problem is None else 429 if problem == TOO_OFTEN else 403
        made = sign_in_page(self.door.form_token(browser), query_of(asked), problem, status)
        return self.with_browser(request, browser, made)

    def with_browser(self, request: Request, browser: str, response: Response) -> Response:
        """Give the browser its name, which its forms are bound to."""
        give(response, BROWSER, browser, secure=self.is_secure(request))
        return response

    def is_secure(self, request: Request) -> bool:
        """Whether the way to the browser is encrypted."""
        return self.parts.server(request).startswith("https:")

    def login(self, request: Request, form: SmartRequest) -> Response:
        """Let a user in, and go on with what was asked."""
        if not self.door.is_own_form(request, form.form.get("form", "")):
            return problem_page(NOT_OURS, 403)
        before = asked_before(form)
        login, password = form.form.get("login", ""), form.form.get("password", "")
        if not self.door.may_try(login, request):
            return self.sign_in(request, before.payload.datalist, TOO_OFTEN)
        if self.parts.users.check(login, password) is None:
            return self.sign_in(request, before.payload.datalist, WRONG)
        response = self.back(before)
        self.door.let_in(response, login, secure=self.is_secure(request))
        return response

    def sign_out(self, request: Request, form: SmartRequest) -> Response:
        """Forget who is at the browser, and go on with what was asked."""
        if not self.door.is_own_form(request, form.form.get("form", "")):
            return problem_page(NOT_OURS, 403)
        response = self.back(asked_before(form))
        response.delete_cookie(SESSION, path=PATH)
        return response

    @staticmethod
    def back(asked: SmartRequest) -> Response:
        """To the authorization endpoint again."""
        return RedirectResponse(
            f"/auth/authorize?{query_of(asked.payload.datalist)}", status_code=REDIRECT
        )

    def decide(self, request: Request, form: SmartRequest) -> Response:
        """What the user answered."""
        if not self.door.is_own_form(request, form.form.get("form", "")):
            return problem_page(NOT_OURS, 403)

        def go_on(request: Request, asked: Asked) -> Response:
            who = self.door.who(request)
            if who is None:
                return self.sign_in(request, asked.request.payload.datalist)
            return self.decided(request, asked, who, form)

        return self.answered(request, asked_before(form).pairs, go_on)

    def decided(
        self, request: Request, asked: Asked, who: SignedIn, form: SmartRequest
    ) -> Response:
        """A code for the app, or a refusal."""
        agreed = [each for each in asked.scopes if each in form.payload.datalist["scope"]]
        if form.form.get("decision") != "allow" or not agreed:
            raise asked.refusal(AccessDeniedError())
        context = about(asked, who)
        if asked.needs_patient and context.patient is None:
            chosen = form.form.get("typed", "").strip() or form.form.get("patient", "")
            if not ID.fullmatch(chosen) or not self.patients.exists(chosen):
                return self.next_page(request, asked, NO_PATIENT)
            context = replace(context, patient=chosen)
        return self.code(asked, agreed, context)

    def code(self, asked: Asked, agreed: Sequence[str], context: Context) -> Response:
        """Send the app its code; a launch is used up by it."""
        launch = asked.request.payload.data.get("launch")
        if launch and not self.parts.launches.use(launch):
            raise asked.refusal(InvalidRequestError("The launch was used."))
        asked.request.consent = Consent(" ".join(agreed), context)
        answer: Response = self.server.create_authorization_response(
            asked.request, grant_user=context.user, grant=asked.grant
        )
        return answer


def asked_before(form: SmartRequest) -> SmartRequest:
    """The request of the app that a form carries with it."""
    return SmartRequest("GET", form.server, form.headers, pairs_in(form.form.get("asked", "")))


def query_of(parameters: dict[str, list[str]]) -> str:
    """Parameters as a query."""
    return urlencode([(name, each) for name, values in parameters.items() for each in values])
