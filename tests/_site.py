"""A browser or program before Django's real handler, without a server between."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

BOUNDARY = "a-line-between-parts"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def multipart(fields: Mapping[str, str], files: Sequence[tuple[str, str, bytes]] = ()) -> bytes:
    """The body of a form with files, each as (name, type, content); `MULTIPART` is its type."""
    parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts += [
        (f'name="files"; filename="{name}"\r\nContent-Type: {kind}', content) for name, kind, content in files
    ]
    lines = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    ]
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes


@dataclass
class Site:
    """A browser or program before the real handler; cookies are kept as a browser keeps them."""

    handler: WSGIHandler
    host: str
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)

    def environ(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        cookies = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        return {
            "REQUEST_METHOD": method,
            "PATH_INFO": url,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": self.host,
            "HTTP_COOKIE": cookies,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": self.scheme,
            "wsgi.errors": io.StringIO(),
            **headers,
        }

    def ask(self, method: str, url: str, body: bytes = b"", /, **headers: str) -> Answer:
        started: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self.handler(
            self.environ(method, url, body, headers), lambda status, head, *_: started.append((status, head))
        )
        text = b"".join(chunks)
        chunks.close()
        status, head = started[0]
        received = SimpleCookie()
        for name, value in head:
            if name == "Set-Cookie":
                received.load(value)
        for name, morsel in received.items():
            self.cookies[name] = morsel.value
            if morsel["max-age"] == "0":
                del self.cookies[name]
        return Answer(
            int(status.split()[0]), dict(head), {n: m.OutputString() for n, m in received.items()}, text
        )

    def get(self, url: str, **headers: str) -> Answer:
        return self.ask("GET", url, b"", **headers)

    def post(self, url: str, body: bytes = b"", /, **headers: str) -> Answer:
        return self.ask("POST", url, body, **headers)

    def post_form(self, url: str, body: bytes = b"") -> Answer:
        """As from a page of ours: with the form's token."""
        token = self.get("/form").body
        return self.post(
            url, b"csrfmiddlewaretoken=" + token + b"&" + body, HTTP_ORIGIN=f"{self.scheme}://{self.host}"
        )
