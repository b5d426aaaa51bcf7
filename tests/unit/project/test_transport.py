"""Whose word counts about the client, and where plain HTTP is allowed."""

from typing import Any

import pytest

from ostiary.kernel.errors import Misconfigured
from ostiary.project._transport import Peer, Transport, host_of, is_loopback

BEHIND = Transport.from_environment({"OSTIARY_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8"})


def meta(sender: str, **headers: str) -> dict[str, Any]:
    return {
        "REMOTE_ADDR": sender,
        "wsgi.url_scheme": "http",
        **{f"HTTP_X_FORWARDED_{k}": v for k, v in headers.items()},
    }


def test_only_a_trusted_proxy_speaks_for_the_client() -> None:
    assert BEHIND.identify(meta("10.1.2.3", FOR="198.51.100.7", PROTO="https")) == Peer(
        "198.51.100.7", secure=True
    )
    assert BEHIND.identify(meta("192.0.2.1", FOR="198.51.100.7", PROTO="https")) == Peer(
        "192.0.2.1", secure=False
    )
    assert Transport().identify(meta("10.1.2.3", FOR="198.51.100.7")) == Peer("10.1.2.3", secure=False)


@pytest.mark.parametrize(
    ("forwarded", "ip"),
    [
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the client wrote the first, our proxy the second
        ("203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),
        ("10.8.8.8, 10.9.9.9", "10.8.8.8"),
        ("198.51.100.7, nonsense", "10.1.2.3"),
        ("'; drop table x", "10.1.2.3"),
        ("", "10.1.2.3"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_last_address_that_is_not_ours_is_the_client(forwarded: str, ip: str) -> None:
    assert BEHIND.identify(meta("10.1.2.3", FOR=forwarded)).ip == ip


def test_forwarded_headers_reach_nobody_below() -> None:
    received = meta("192.0.2.1", FOR="198.51.100.7", PROTO="https", HOST="evil.example")
    BEHIND.identify(received)
    assert received == {"REMOTE_ADDR": "192.0.2.1", "wsgi.url_scheme": "http"}


def test_a_socket_is_trusted_by_name_only() -> None:
    by_socket = Transport.from_environment({"OSTIARY_TRUSTED_PROXIES": "unix"})
    assert by_socket.identify(meta("", FOR="198.51.100.7")).ip == "198.51.100.7"
    assert BEHIND.identify(meta("", FOR="198.51.100.7")).ip == ""


@pytest.mark.parametrize(
    ("loopback", "elsewhere"),
    [
        ("127.0.0.1", "192.0.2.5"),
        ("localhost", "crm.example"),
        ("::1", "::"),
        ("/run/ostiary.sock", "127.evil.example"),
    ],
)
def test_plain_http_starts_on_loopback_only(loopback: str, elsewhere: str) -> None:
    plain, safe = Transport(insecure_http=True), Transport()
    plain.ensure_safe(loopback)
    with pytest.raises(Misconfigured):
        plain.ensure_safe(elsewhere)
    safe.ensure_safe(elsewhere)


@pytest.mark.parametrize(
    "environ", [{"OSTIARY_INSECURE_HTTP": "yes"}, {"OSTIARY_TRUSTED_PROXIES": "10.0.0.0/8, proxy.example"}]
)
def test_a_setting_that_is_not_understood_stops_the_start(environ: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        Transport.from_environment(environ)


def test_cookies_are_bound_to_the_host_but_in_the_plain_demo() -> None:
    assert Transport().session_cookie.startswith("__Host-")
    assert Transport().django_settings()["CSRF_COOKIE_SECURE"] is True
    assert not Transport(insecure_http=True).session_cookie.startswith("__Host-")


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("crm.example", "crm.example"),
        ("CRM.Example:8443", "crm.example"),
        ("crm.example.", "crm.example"),
        ("localhost:8000", "localhost"),
        ("", None),
        ("crm.example, evil.example", None),
        ("crm.example/path", None),
        ("user@crm.example", None),
        ("crm.example:80:80", None),
        ("crm.example\r\nX: y", None),
        ("crm.example:99999999", None),
        ("-crm.example", None),
        ("crm_example", None),
        ("a" * 300, None),
    ],
)
def test_a_host_header_is_a_host_name_or_nothing(header: str, host: str | None) -> None:
    assert host_of(header) == host


def test_loopback_is_this_machine() -> None:
    assert all(is_loopback(n) for n in ("127.0.0.1", "127.8.8.8", "::1", "localhost", ""))
    assert not any(is_loopback(n) for n in ("128.0.0.1", "127.example", "10.0.0.1", "192.0.2.5"))
