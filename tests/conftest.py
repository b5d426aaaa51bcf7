"""Fixtures for every tier, and the seed of all that tests draw."""

import os
import secrets

import pytest

from tests._cluster import cluster
from tests._tenants import admin, crm_tenant, ctx, db, installation, nothing_left, tenant

__all__ = ["admin", "cluster", "crm_tenant", "ctx", "db", "installation", "nothing_left", "tenant"]


def pytest_configure() -> None:
    """Draw the seed before the workers start, so that they have the same."""
    os.environ.setdefault("OSTIARY_SEED", str(secrets.randbits(32)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it, passed or failed: the same seed draws the same again."""
    terminalreporter.write_line(f"OSTIARY_SEED={os.environ['OSTIARY_SEED']}")
