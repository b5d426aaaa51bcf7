"""Headers that every answer carries. Source: OWASP ASVS 5.0, V3.4 and V14.3."""

from collections.abc import Mapping, MutableMapping

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
_FEATURES = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock",
    "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip

EVERYWHERE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PAGE: Mapping[str, str] = {
    **EVERYWHERE,
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
}
DATA: Mapping[str, str] = {
    **EVERYWHERE,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
# Of what is to be saved: a browser that shows it after all runs nothing of it.
FILE_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
TRANSPORT_SECURITY = "max-age=31536000; includeSubDomains"  # one year
# Clear-Site-Data at sign-out. Cookies are taken back by name: theme and density belong to the browser.
FORGET = '"cache", "storage"'


def protect(headers: MutableMapping[str, str], *, data: bool, secure: bool, private: bool) -> None:
    """Set the headers of one answer.

    Args: data: for programs, not a page. secure: the installation speaks TLS.
    private: for one principal's eyes.
    """
    for name, value in (DATA if data else PAGE).items():
        headers[name] = value
    if headers.get("Content-Disposition", "").startswith("attachment"):
        headers["Content-Security-Policy"] = FILE_POLICY
    if private and not data:
        headers["Cache-Control"] = "no-store"
    if secure:
        headers["Strict-Transport-Security"] = TRANSPORT_SECURITY
