"""Traces as a receiver gets them: OTLP over HTTP, decoded by the protocol's own definitions."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from uuid import uuid4

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from ostiary.project import _tracing
from ostiary.project._state import State
from tests._nodes import Node, node_state, running
from tests._tenants import Installation, TestTenant

__all__ = ["node_state"]

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Receiver:
    """What an OpenTelemetry collector does with what it is sent: it decodes and keeps it."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        spans = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/x-protobuf"
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        spans.extend(scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def attributes(span: Span) -> dict[str, str]:
    return {each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes}


def test_a_request_and_its_statements_are_one_trace_without_values(
    node_state: State, installation: Installation, tenant: TestTenant, receiver: Receiver
) -> None:
    marker, host = f"planted{uuid4().hex}", f"{installation.worker}.test"
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    stranger = Node(node_state, "--workers", "1", environment=traced)
    trusting = traced | {"OSTIARY_TRUSTED_PROXIES": "127.0.0.1/32"}
    behind = Node(node_state, "--workers", "1", environment=trusting)
    with running(stranger, behind):
        for node in (stranger, behind):
            headers = {"traceparent": PARENT, "Authorization": f"Bearer ost_{marker}", "User-Agent": marker}
            headers["Host"] = host
            assert node.get("/api/v1/records/account?q=" + marker, headers)[0] == 401
            assert node.get("/sign-in?next=/" + marker, Host=host, traceparent=PARENT)[0] == 200
    # at its end a node sends what waits, so everything is here
    pages = receiver.named("GET /sign-in")
    assert len(pages) == 2
    theirs = bytes.fromhex(PARENT.split("-")[1])
    assert [page.trace_id == theirs for page in pages].count(True) == 1  # believed from a trusted proxy alone
    page = next(page for page in pages if page.trace_id == theirs)
    assert page.parent_span_id == bytes.fromhex(PARENT.split("-")[2])
    known = attributes(page)
    assert known["http.route"] == "/sign-in"
    assert known["http.response.status_code"] == "200"
    assert known["ostiary.tenant"] == str(tenant.tenant.id)
    refused = receiver.named("GET /(none)")
    assert len(refused) == 2
    statements = [span for span in receiver.spans if span.parent_span_id == refused[0].span_id]
    assert [span.name for span in statements if "identity_api_key" in span.name or "select" in span.name]
    assert all(attributes(span)["db.system.name"] == "postgresql" for span in statements)
    everything = b"".join(span.SerializeToString() for span in receiver.spans)
    assert marker.encode() not in everything
    assert host.encode() not in everything


class Told:
    """Stands for the span of a job."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def job(self, name: str) -> "Told":
        assert name == "objects.index.build"
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def failed(self, error: BaseException) -> None:
        self.errors.append(error)


def test_a_job_is_run_once_traced_or_not_and_its_failure_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    _tracing.around_job("objects.index.build", lambda: done.append(1))
    told = Told()
    monkeypatch.setattr(_tracing, "_configured", [told])
    _tracing.around_job("objects.index.build", lambda: done.append(2))
    assert (done, told.errors) == ([1, 2], [])
    with pytest.raises(ZeroDivisionError):
        _tracing.around_job("objects.index.build", lambda: done.append(1 // 0))
    assert [type(error) for error in told.errors] == [ZeroDivisionError]


@pytest.mark.deep
def test_a_receiver_that_is_away_delays_nobody(
    node_state: State, installation: Installation, tenant: TestTenant
) -> None:
    away = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    node = Node(node_state, "--workers", "1", environment=away)
    with running(node):
        assert node.get("/sign-in", Host=f"{installation.worker}.test")[0] == 200
        node.ask_to_stop()
        assert node.wait() == 0


def test_nothing_of_it_is_imported_unless_it_is_asked_for() -> None:
    code = (
        "import sys, django; django.setup(); "
        "import ostiary.project.middleware, ostiary.project._tracing as t;"
        "t.configure(); assert t.find_tracing() is None;"
        "print([m for m in sys.modules if m.startswith(('opentelemetry', 'prometheus_client'))])"
    )
    environment = {k: v for k, v in os.environ.items() if k not in _tracing.ENDPOINTS}
    environment |= {"DJANGO_SETTINGS_MODULE": "ostiary.project.settings", "OSTIARY_INSECURE_HTTP": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("select id from @.identity_unit where name = %(n)s", "select identity_unit"),
        ("\n  WITH a as (select 1) update @.rec_account set x = $1", "with rec_account"),
        ("select 1", "select"),
        ("", "statement"),
    ],
)
def test_a_statement_is_named_by_its_verb_and_table(text: str, name: str) -> None:
    found, about = _tracing.shape_of(text)
    assert found == name
    assert _tracing.shape_of(text + " ")[1]["ostiary.shape"] != about["ostiary.shape"]
