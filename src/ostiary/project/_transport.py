"""How requests reach us: TLS or the demo's plain HTTP on loopback, and whose word counts about the client."""

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from ostiary.kernel.errors import Misconfigured

_HOST = re.compile(r"([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)\.?(?::[0-9]{1,5})?", re.ASCII)
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})
_SOCKET = "unix"  # in the list of trusted proxies: whoever may open our socket

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Peer:
    """The client of a request as far as we believe it."""

    ip: str
    secure: bool


@dataclass(frozen=True, slots=True)
class Transport:
    """Settings of the transport. Made once, at start-up."""

    insecure_http: bool = False
    trusted_networks: tuple[Network, ...] = ()
    trusts_socket: bool = False
    _trusted: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Transport":
        """OSTIARY_INSECURE_HTTP=1 and OSTIARY_TRUSTED_PROXIES (networks and `unix`, by commas).

        Raises: Misconfigured: another value of the first, or a network that is none.
        """
        plain = environ.get("OSTIARY_INSECURE_HTTP", "")
        if plain not in ("", "0", "1"):
            raise Misconfigured("OSTIARY_INSECURE_HTTP is 1 or absent")
        names = [n.strip() for n in environ.get("OSTIARY_TRUSTED_PROXIES", "").split(",") if n.strip()]
        try:
            networks = tuple(ipaddress.ip_network(n) for n in names if n != _SOCKET)
        except ValueError as error:
            raise Misconfigured(f"OSTIARY_TRUSTED_PROXIES: {error}") from None
        return cls(plain == "1", networks, _SOCKET in names)

    def ensure_safe(self, bind: str) -> None:
        """Refuse to start with plain HTTP off loopback. bind: an address or a socket's path."""
        if self.insecure_http and not (bind.startswith("/") or is_loopback(bind)):
            raise Misconfigured(
                f"OSTIARY_INSECURE_HTTP is for loopback only, not for {bind}: put TLS in front"
            )

    @property
    def session_cookie(self) -> str:
        """Name of the session cookie. Browsers take the `__Host-` prefix over TLS only."""
        return "ostiary" if self.insecure_http else "__Host-ostiary"

    def django_settings(self) -> dict[str, object]:
        """What Django has to know: its CSRF cookie, and that hosts are checked by us against the tenants."""
        return {
            "ALLOWED_HOSTS": ["*"],
            "CSRF_COOKIE_NAME": "ostiary_csrf" if self.insecure_http else "__Host-ostiary_csrf",
            "CSRF_COOKIE_SECURE": not self.insecure_http,
            "CSRF_COOKIE_HTTPONLY": True,
            "CSRF_COOKIE_SAMESITE": "Lax",
            "CSRF_COOKIE_AGE": None,
            "CSRF_FAILURE_VIEW": "ostiary.project.middleware.refuse_forged_form",
            "USE_X_FORWARDED_HOST": False,
            "SECURE_PROXY_SSL_HEADER": None,
        }

    def identify(self, meta: MutableMapping[str, Any]) -> Peer:
        """The client's address and whether it came by TLS; forwarded headers are taken away from `meta`.

        They count when the sender is trusted: the address is the last one not trusted itself.
        """
        sender = meta.get("REMOTE_ADDR") or ""
        forwarded = meta.pop("HTTP_X_FORWARDED_FOR", "")
        scheme = meta.pop("HTTP_X_FORWARDED_PROTO", "")
        meta.pop("HTTP_X_FORWARDED_HOST", None)
        if not self._is_trusted(sender):
            meta.pop("HTTP_TRACEPARENT", None)  # a stranger must not write into our traces
        else:
            if scheme in ("http", "https"):
                meta["wsgi.url_scheme"] = scheme  # Django's CSRF check compares the Origin with it
            for hop in reversed([h.strip() for h in forwarded.split(",") if h.strip()]):
                if not _is_address(hop):
                    break
                sender = hop
                if not self._is_trusted(hop):
                    break
        return Peer(sender, meta.get("wsgi.url_scheme") == "https")

    def _is_trusted(self, sender: str) -> bool:
        if not self.trusted_networks and not self.trusts_socket:
            return False
        if not sender:
            return self.trusts_socket
        known = self._trusted.get(sender)
        if known is None:
            try:
                address = ipaddress.ip_address(sender)
            except ValueError:
                return False
            if len(self._trusted) > 10_000:  # forged addresses must not fill memory
                self._trusted.clear()
            known = self._trusted[sender] = any(address in network for network in self.trusted_networks)
        return known


def is_loopback(name: str) -> bool:
    """Whether an address or host name is this machine itself; an empty one is a Unix socket's peer."""
    return not name or name in _LOOPBACK_NAMES or (name.startswith("127.") and _is_address(name))


def host_of(header: str) -> str | None:
    """The host name in a Host header: lower case, no port, no final dot; None when it is no host name."""
    match = _HOST.fullmatch(header.lower())
    return None if match is None else match[1]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
