"""Figures of a node for Prometheus: of all its workers, without a name or an id of anybody."""

import os
import re
import signal
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ostiary.kernel.errors import Misconfigured
from ostiary.project import _metrics
from ostiary.project._serve import parse_address
from ostiary.project._state import State
from tests._houses import children, eventually
from tests._nodes import Node, node_state, running
from tests._tenants import Installation, TestTenant

__all__ = ["node_state"]

ROOT = Path(__file__).parents[3]
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(node: Node) -> Samples:
    """What Prometheus would read, by its own parser."""
    status, text = node.get("/metrics", admin=True)
    assert status == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(node: Node, name: str, **labels: str) -> float:
    return samples(node).get((name, tuple(sorted(labels.items()))), 0.0)


def counted(node: Node, route: str, status: str, method: str = "GET") -> float:
    name = "ostiary_http_request_duration_seconds_count"
    return value(node, name, route=route, status=status, method=method)


def test_all_workers_are_counted_together_by_template_and_never_by_address(
    node_state: State, installation: Installation, tenant: TestTenant
) -> None:
    node, host = Node(node_state), f"{installation.worker}.test"
    with running(node):
        marker = f"planted{uuid4().hex}"
        for _ in range(20):
            assert node.get("/sign-in", Host=host)[0] == 200
            assert node.get(f"/api/v1/records/{marker}", Host=host)[0] == 401
            assert node.get(f"/{marker}", Host=f"{marker}.example")[0] == 404
        assert eventually(lambda: value(node, "ostiary_workers") == 2)
        assert counted(node, "sign-in", "2xx") == 20
        assert counted(node, "(none)", "4xx") == 40  # refused before anybody asked which view it is
        assert value(node, "ostiary_http_requests_in_flight") == 0
        assert value(node, "ostiary_ready", check="database") == 1
        assert value(node, "ostiary_database_transactions_total", outcome="committed") > 0
        assert value(node, "ostiary_tenants", state="active") >= 1
        assert value(node, "ostiary_database_connections_limit") >= 16
        assert ("ostiary_jobs", (("lane", "default"), ("state", "due"))) in samples(node)
        text = node.get("/metrics", admin=True)[1]
        assert marker not in text
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", text)  # no id of anybody
        assert tenant.tenant.slug not in text
        assert host not in text
        page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
        families = {re.sub("_(bucket|count|sum)$", "", name) for name, _ in samples(node)}
        assert sorted(name for name in families if f"`{name}`" not in page) == []
        # on the public port there is nothing of it
        assert node.get("/metrics", Host=host)[0] in (303, 404)
        assert "ostiary_" not in node.get("/metrics")[1]
        # a killed worker's requests stay counted, its connections do not
        server = children(node.pid)[0]
        killed = children(server)[0]
        os.kill(killed, signal.SIGKILL)
        assert eventually(lambda: killed not in children(server) and len(children(server)) == 2)
        assert eventually(lambda: value(node, "ostiary_workers") == 2)
        assert counted(node, "sign-in", "2xx") == 20


@pytest.mark.deep
def test_figures_come_without_a_database_too(
    node_state: State, installation: Installation, tenant: TestTenant
) -> None:
    dsn = node_state.secrets / "app.dsn"
    before = dsn.read_text()
    node = Node(node_state, "--workers", "1")
    with running(node):
        try:
            dsn.write_text(psycopg.conninfo.make_conninfo(before, port="1"))
            assert eventually(lambda: node.status("/-/ready") == 503)
            assert eventually(lambda: value(node, "ostiary_ready", check="database") == 0)
            assert ("ostiary_tenants", (("state", "active"),)) not in samples(node)
            assert value(node, "ostiary_workers") in (0, 1)
        finally:
            dsn.write_text(before)
        assert eventually(lambda: node.status("/-/ready") == 200)


def test_nothing_is_measured_unless_somebody_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_metrics.FOLDER, raising=False)
    assert _metrics.requests() is None
    with pytest.raises(Misconfigured):
        _metrics.enable()  # this process has imported the library: its values lie in its own memory


@pytest.mark.parametrize("text", ["", "9464", "localhost:", ":9464", "127.0.0.1:0", "127.0.0.1:70000", "a:b"])
def test_an_address_for_the_operator_names_host_and_port(text: str) -> None:
    assert parse_address("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert parse_address("[::1]:9464") == ("::1", 9464)
    with pytest.raises(Misconfigured):
        parse_address(text)
