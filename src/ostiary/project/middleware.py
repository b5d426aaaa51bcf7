"""The outermost middleware: tenant by Host, one transaction, who acts, and what an answer carries.

A view finds `request.ctx`. It signs somebody in by `request.opened_session = token` and out by
`request.ended_session = True`; session and cookie are exchanged here, where the transport is
known. A view for people who have not signed in is marked with Django's `login_not_required`; without the
mark it is not reached.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack

from django.http import Http404, HttpRequest, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware, rotate_token

from ostiary.identity import public as identity
from ostiary.kernel.context import Channel, Context
from ostiary.kernel.errors import (
    AccessDenied,
    NotFound,
    NotSignedIn,
    OstiaryError,
    OutcomeUnknown,
    Unavailable,
    VouchExpired,
)
from ostiary.project import _health, _logs, _metrics, _release, _tracing
from ostiary.project._installation import environment
from ostiary.project._refusals import API, fail, plain, refuse, refuse_plain_http
from ostiary.project._streams import Streamed
from ostiary.project._transport import Peer, Transport, host_of, is_loopback
from ostiary.project._vouched_keys import VouchedKeys
from ostiary.project.security_headers import FORGET, protect
from ostiary.tenancy import public as tenancy
from ostiary.ui import i18n

STATIC = "/static/"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
LONGEST_CLIENT = 300
RETRY_AFTER_S = "2"
NEXT_RELEASE_S = 60  # a tenant is migrated within minutes
_BEARER = "bearer "

log = logging.getLogger(__name__)
access_log = logging.getLogger("ostiary.access_log")

Handler = Callable[[HttpRequest], HttpResponseBase]


class _RollBack(Exception):
    """Leaves the transaction without committing. Never reaches anybody."""


class RequestMiddleware:
    """One request, one transaction of one tenant; committed only when the answer is not a refusal."""

    def __init__(self, get_response: Handler, transport: Transport | None = None) -> None:
        self._get_response = get_response
        self._keys = VouchedKeys()
        self._transport = transport or Transport.from_environment(environment())
        self._cookie = self._transport.session_cookie
        self._secure = not self._transport.insecure_http
        self._measured = _metrics.requests()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        measured = self._measured
        if measured is not None:
            measured.began()
        _logs.bind(request)
        with i18n.use_language(_language(request)):
            response = self._finish(request, self._route(request))
        seconds = time.perf_counter() - started
        if measured is not None:
            measured.ended(_template(request), _method(request), response.status_code, seconds)
        if access_log.isEnabledFor(logging.INFO):
            about = {"method": _method(request), "status": response.status_code}
            access_log.info("request.answered", extra={**about, "duration_ms": round(seconds * 1000, 3)})
        _logs.bind(None)
        return response

    def _route(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith(STATIC):
            return self._get_response(request)
        if path.startswith(_health.PREFIX):
            return _health.answer(request)
        peer = self._transport.identify(request.META)
        tracing = _tracing.find_tracing()
        if tracing is None:
            return self._answer(request, peer, data=path.startswith(API))
        with tracing.request(_method(request), request.META.get("HTTP_TRACEPARENT", "")) as work:
            response = self._answer(request, peer, data=path.startswith(API))
            _note(work, request, response)
            return response

    def _finish(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """What every answer carries."""
        data = request.path_info.startswith((API, _health.PREFIX))
        ctx: Context | None = getattr(request, "ctx", None)
        private = (ctx is not None and ctx.principal is not None) or bool(response.cookies)
        protect(response.headers, data=data, secure=self._secure, private=private)
        if ctx is not None:
            response.headers["X-Request-Id"] = str(ctx.request_id)
        if response.status_code == 429:
            response.headers.setdefault("Retry-After", RETRY_AFTER_S)
        if _health.is_draining():
            response.headers["Connection"] = "close"  # so that the proxy opens its next one elsewhere
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer" if data else "Cookie"
        return response

    def _answer(self, request: HttpRequest, peer: Peer, *, data: bool) -> HttpResponseBase:
        meta = request.META
        host = host_of(meta.get("HTTP_HOST", ""))
        try:
            tenant = None if host is None else tenancy.find_tenant_by_host(host)
        except Exception as error:  # noqa: BLE001  the directory of tenants is in the database too
            return fail(request, error)
        if tenant is None or tenant.suspended:
            return plain(404, "Not found")
        if self._secure and not peer.secure:
            return refuse_plain_http(request, host, data=data)
        if not self._secure and not is_loopback(meta.get("REMOTE_ADDR", "")):
            return plain(403, "This installation is set up for its own machine only")
        if _release.refusal(tenant) is not None:
            return self._refuse_release(request, tenant)
        if request.META["REQUEST_METHOD"] not in METHODS:  # as sent: Django's own attribute is in upper case
            return plain(405, "Method not allowed")
        try:
            response = self._in_transaction(request, tenant, peer.ip, data=data)
            if (
                request.vouch_expired
            ):  # rights changed since the key was verified: from the start, verifying it
                self._keys.forget(request)
                response = self._in_transaction(request, tenant, peer.ip, data=data)
        except tenancy.TenantClosed:  # suspended or dropped since the directory was read
            return plain(404, "Not found")
        except Exception as error:  # noqa: BLE001  the last resort: no connection, a commit that failed
            return fail(request, error)
        return response

    def _refuse_release(self, request: HttpRequest, tenant: tenancy.Tenant) -> HttpResponseBase:
        log.warning("tenancy.tenant.refused", extra={"tenant": tenant.id, "release": tenant.release})
        return refuse(
            request,
            Unavailable("This is being updated; try again in a few minutes", retry_after_s=NEXT_RELEASE_S),
        )

    def _in_transaction(
        self, request: HttpRequest, tenant: tenancy.Tenant, ip: str, *, data: bool
    ) -> HttpResponseBase:
        touch: Callable[[Context], None] | None = None
        response: HttpResponseBase | None = None
        request.refused = request.vouch_expired = False
        try:
            with ExitStack() as stack:
                request.ctx = Context(
                    tenant_id=tenant.id,
                    db=stack.enter_context(tenancy.transaction(tenant)),
                    principal=None,
                    channel=Channel.API if data else Channel.WEB,
                    ip=ip,
                    client=_client(request.META.get("HTTP_USER_AGENT", "")),
                    tentative=request.method not in ("GET", "HEAD"),
                )
                touch = self._authenticate_key(request) if data else self._authenticate_session(request)
                response = self._respond(request, data=data)
                vouch = request.ctx.vouch
                if vouch is not None and not vouch.tested:  # a view that asked for no rights, or for old ones
                    request.vouch_expired |= vouch.epoch != identity.current_epoch(request.ctx)
                if request.vouch_expired or request.refused or response.status_code >= 400:
                    raise _RollBack
                if not data:
                    self._change_session(request, response)
                if response.streaming:
                    kind = response.headers.get("Content-Type", "")
                    chunks = Streamed(iter(response.streaming_content), stack.pop_all(), kind)
                    response.streaming_content = chunks
                    return response
        except _RollBack:
            pass
        if response is None:
            raise RuntimeError("a request without an answer")
        if touch is not None:
            _touch(request.ctx, tenant, touch)
        return response

    def _respond(self, request: HttpRequest, *, data: bool) -> HttpResponseBase:
        if data and request.ctx.principal is None:
            return refuse(request, NotSignedIn())
        response = self._get_response(request)
        if response.status_code == 404 and request.resolver_match is None:
            return refuse(request, NotFound())
        return response

    def _authenticate_key(self, request: HttpRequest) -> Callable[[Context], None] | None:
        """The bearer key's principal; cookies are not looked at."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if header[:7].lower() != _BEARER:
            return None
        vouched = self._keys.find(request.ctx, header)
        if vouched is not None:
            request.ctx = request.ctx.vouched(*vouched)
            return None
        epoch = identity.current_epoch(request.ctx)  # before the key, so that it never claims to be newer
        key = identity.find_api_key(request.ctx, header[7:].strip())
        if key is None:
            return None
        request.ctx = request.ctx.acting_as(key.principal)
        if not key.stale:
            self._keys.keep(request.ctx, header, key, epoch)
        return (lambda ctx: identity.touch_api_key(ctx, key.id)) if key.stale else None

    def _authenticate_session(self, request: HttpRequest) -> Callable[[Context], None] | None:
        """The session cookie's person; an Authorization header is not looked at."""
        token = request.COOKIES.get(self._cookie)
        session = identity.find_session(request.ctx, token) if token else None
        if token is None or session is None:
            return None
        request.session_token = token
        request.ctx = request.ctx.acting_as(session.principal)
        i18n.speak(session.language)
        return (lambda ctx: identity.touch_session(ctx, token)) if session.stale else None

    def process_view(
        self, request: HttpRequest, view: Handler, args: object, kwargs: object
    ) -> HttpResponseBase | None:
        """Nobody passes without a name, unless the view says that it is for everybody."""
        ctx: Context | None = getattr(request, "ctx", None)
        if ctx is None or ctx.principal is not None or not getattr(view, "login_required", True):
            return None
        return refuse(request, NotSignedIn())

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Refusals become pages or problem documents; anything else is logged and says nothing."""
        if isinstance(error, VouchExpired):
            request.refused = request.vouch_expired = True
            return plain(503, "Verifying again")
        if isinstance(error, tenancy.TenantClosed):  # suspended or dropped since the directory was read
            request.refused = True
            return plain(404, "Not found")
        if isinstance(error, Http404):
            error = NotFound()
        if isinstance(error, OstiaryError) and not isinstance(error, OutcomeUnknown):
            return refuse(request, error)
        return fail(request, error)

    def _change_session(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Give the browser its new session or take it away; the one before ends on the server too."""
        opened: str | None = getattr(request, "opened_session", None)
        ended: bool = getattr(request, "ended_session", False)
        before: str | None = getattr(request, "session_token", None)
        if before is not None and (opened is not None or ended):
            identity.end_session(request.ctx, before)
        if opened is not None:
            # no Max-Age: it goes with the browser's session, and at the latest when the server says so
            response.set_cookie(self._cookie, opened, secure=self._secure, httponly=True, samesite="Lax")
        elif ended:
            response.set_cookie(
                self._cookie, "", max_age=0, secure=self._secure, httponly=True, samesite="Lax"
            )
            response.headers["Clear-Site-Data"] = FORGET


class WebCsrfMiddleware(CsrfViewMiddleware):
    """Django's check for pages; the API knows no cookies, so nothing can be forged there."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(API):
            request.csrf_processing_done = True
            return self.get_response(request)
        return super().__call__(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """A new session gets a new token, so that one planted before signing in is worth nothing."""
        if getattr(request, "opened_session", None) is not None:
            rotate_token(request)
        return super().process_response(request, response)


def refuse_forged_form(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Django's CSRF_FAILURE_VIEW."""
    log.warning("request.form.refused")
    return refuse(
        request, AccessDenied("This form is too old or came from elsewhere; reload the page", layer="gate")
    )


def _language(request: HttpRequest) -> str:
    """What a stranger's browser asks for; programs get the words that are documented."""
    if request.path_info.startswith(API):
        return i18n.FALLBACK
    return i18n.negotiate(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


def _client(user_agent: str) -> str:
    text = user_agent[:LONGEST_CLIENT]
    return text if text.isprintable() else "".join(c for c in text if c.isprintable())


def _touch(ctx: Context, tenant: tenancy.Tenant, touch: Callable[[Context], None]) -> None:
    """Note the use of a session or key once the request's own transaction is over, committed or not."""
    try:
        with tenancy.transaction(tenant) as db:
            touch(ctx.within(db))
    except Exception as error:  # noqa: BLE001  the answer stands; the next request notes it
        log.warning("request.touch.failed", extra={"error": type(error).__name__})


def _template(request: HttpRequest) -> str:
    """The route's template, or what else the address is: never the address itself."""
    match = request.resolver_match
    if match is not None:
        route: str = match.route
        return route
    return request.path_info[1:] if request.path_info in (_health.HEALTH, _health.READY) else "(none)"


def _method(request: HttpRequest) -> str:
    """The method, if it is one: anything can stand in its place."""
    method: str = request.method
    return method if method in METHODS else "other"


def _note(work: _tracing.Work, request: HttpRequest, response: HttpResponseBase) -> None:
    route = _template(request)
    work.named(f"{_method(request)} /{route}")
    work.note(http__route=f"/{route}", http__response__status_code=response.status_code)
    ctx: Context | None = getattr(request, "ctx", None)
    if ctx is not None:
        work.note(
            ostiary__request=str(ctx.request_id),
            ostiary__tenant=str(ctx.tenant_id),
            ostiary__principal=None if ctx.principal is None else str(ctx.principal),
        )
    if response.status_code >= 500:
        work.note(error__type=str(response.status_code))
