"""A real server with a real database, and a browser that notes every violation of the page policy."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests._cluster import scratch_state

WIDTHS = (1440, 390)
# The one without a window of its own opens pages much faster.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A running server: its address, the password of everybody, addresses of known records."""

    url: str
    password: str
    account: str
    open: str
    hidden: str


@dataclass
class Visitor:
    """One person's browser window, and what the browser complained about."""

    page: Page
    server: LiveServer
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> int:
        """Open an address and return the status."""
        response = self.page.goto(self.server.url + path)
        assert response is not None
        return response.status

    def sign_in(self, login: str) -> None:
        self.go("/sign-in")
        self.page.get_by_label("Sign-in name").fill(login)
        self.page.get_by_label("Password").fill(self.server.password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def names(self) -> list[str]:
        """What the rows of the list are called."""
        return [text.strip() for text in self.page.locator("tbody th[scope=row]").all_inner_texts()]

    def shoot(self, name: str) -> None:
        """A picture of the window, for whoever wants to look: into the folder `OSTIARY_SHOTS`."""
        if folder := os.environ.get("OSTIARY_SHOTS"):
            width = (self.page.viewport_size or {"width": 0})["width"]
            self.page.screenshot(path=Path(folder) / f"{name}-{width}.png")

    def ensure_accessible(self) -> None:
        """Nothing that axe finds, no violation of the page policy, nothing wider than the window."""
        found = Axe().run(self.page).response["violations"]
        assert [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in found] == [], self.page.url
        assert self.complaints == [], self.page.url
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert self.page.evaluate(wider) == 0, self.page.url


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """`ostiary serve` on a free port, with the company of `_world`."""
    with scratch_state() as state, closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        environment = os.environ | {
            "OSTIARY_STATE": str(state.root),
            "OSTIARY_INSECURE_HTTP": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        made = subprocess.run(
            [sys.executable, "-m", "tests.e2e._world"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        world = json.loads(made.stdout)
        serve = [sys.executable, "-m", "ostiary.project", "serve", "--port", str(port)]
        with running(serve, environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("serving at")
            yield LiveServer(url=f"http://localhost:{port}", **world)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the system: `make test-tools` installs it."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("no Chromium: run make test-tools")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(live_server: LiveServer, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Open a window of a width; with or without script."""
    contexts = []

    def open_window(width: int = 1440, *, script: bool = True) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script, reduced_motion="reduce"
        )
        contexts.append(context)
        visitor = Visitor(context.new_page(), live_server)
        visitor.page.on("console", lambda message: _note(visitor, message.type, message.text))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        return visitor

    yield open_window
    for context in contexts:
        context.close()


def _note(visitor: Visitor, kind: str, text: str) -> None:
    # the browser also notes that a page was a 403, 404 or 422, which tests ask for
    if kind in ("error", "warning") and not text.startswith(
        "Failed to load resource: the server responded with a status of 4"
    ):
        visitor.complaints.append(text)
