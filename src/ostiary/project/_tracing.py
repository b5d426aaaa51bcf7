"""OpenTelemetry traces, if asked for: a span for each request and each statement of its transaction.

On when a standard variable names a receiver (OTEL_EXPORTER_OTLP_ENDPOINT or ..._TRACES_ENDPOINT); everything
else is the library's own environment. Off, nothing of it is imported. Spans hold ids, codes and durations:
no parameters, no addresses, no names. Needs the extra `tracing`.
"""

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

from ostiary.kernel.errors import Misconfigured, OstiaryError
from ostiary.tenancy import public as tenancy

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
SERVICE = "ostiary"
_VERB = re.compile(r"\s*(\w+)")
_TABLE = re.compile(r"@\.(\w+)")


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment names a receiver."""
    return any(environ.get(name) for name in ENDPOINTS)


class Tracing:
    """The spans of this process. Made once, after the fork: a thread of its own sends them.

    Raises: Misconfigured: the extra `tracing` is not installed.
    """

    def __init__(self) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise Misconfigured("traces are asked for: install ostiary[tracing]") from None
        self._trace = trace
        name = os.environ.get("OTEL_SERVICE_NAME") or SERVICE
        self._provider = TracerProvider(resource=Resource.create({"service.name": name}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer: Tracer = self._provider.get_tracer("ostiary")
        tenancy.Transaction.trace(self._statement)

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()

    def request(self, method: str, traceparent: str) -> "Work":
        """The span of a request, within the caller's trace. traceparent: W3C, "" from strangers."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = (
            TraceContextTextMapPropagator().extract({"traceparent": traceparent}) if traceparent else None
        )
        span = self._tracer.start_span(
            method,
            context=parent,
            kind=self._trace.SpanKind.SERVER,
            attributes={"http.request.method": method},
        )
        return Work(span, self._trace.use_span(span, end_on_exit=True, record_exception=False))

    def job(self, name: str) -> "Work":
        """The span of a background job, a trace of its own."""
        span = self._tracer.start_span(name, kind=self._trace.SpanKind.CONSUMER)
        return Work(span, self._trace.use_span(span, end_on_exit=True, record_exception=False))

    def _statement(self, text: str, run: Callable[[], Any]) -> Any:
        if not self._trace.get_current_span().is_recording():
            return run()
        name, attributes = shape_of(text)
        with self._tracer.start_as_current_span(
            name,
            kind=self._trace.SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return run()
            except BaseException as error:
                _mark(span, error)
                raise


class Work:
    """A span that is the current one within the block."""

    def __init__(self, span: "Span", current: "AbstractContextManager[Span]") -> None:
        self._span = span
        self._current = current

    def __enter__(self) -> Self:
        self._current.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._current.__exit__(None, None, None)

    @property
    def trace_id(self) -> str:
        """The trace's id, 32 hexadecimal digits."""
        return f"{self._span.get_span_context().trace_id:032x}"

    def note(self, **attributes: str | int | None) -> None:
        """Add what became known; the underscores of names stand for dots."""
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name.replace("__", "."), value)

    def named(self, name: str) -> None:
        """Give the span its name, once the route is known."""
        self._span.update_name(name)

    def failed(self, error: BaseException) -> None:
        """Mark it as failed."""
        _mark(self._span, error)


def shape_of(text: str) -> tuple[str, dict[str, str]]:
    """A statement's name (verb and first table) and attributes that tell two shapes apart.

    The text holds no values, but a tenant's column names, so it is not sent itself.
    """
    verb, table = _VERB.match(text), _TABLE.search(text)
    words = [verb[1].lower() if verb else "statement", *([table[1]] if table else [])]
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return " ".join(words), {
        "db.system.name": "postgresql",
        "db.operation.name": words[0],
        "ostiary.shape": digest,
    }


def _mark(span: "Span", error: BaseException) -> None:
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute("error.type", error.code if isinstance(error, OstiaryError) else type(error).__name__)


_configured: list[Tracing] = []


def configure() -> None:
    """Trace this process if the environment asks for it. Raises Misconfigured."""
    if is_wanted(os.environ) and not _configured:
        _configured.append(Tracing())


def find_tracing() -> Tracing | None:
    """The process's tracing; None: off."""
    return _configured[0] if _configured else None


def close() -> None:
    """Send what waits and trace no more requests."""
    while _configured:
        _configured.pop().close()


def around_job(name: str, work: Callable[[], None]) -> None:
    """Run one attempt of a background job within a span of its own, if this process is traced."""
    tracing = find_tracing()
    if tracing is None:
        work()
        return
    with tracing.job(name) as span:
        try:
            work()
        except BaseException as error:
            span.failed(error)
            raise
