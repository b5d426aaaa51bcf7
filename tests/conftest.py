"""Fixtures for every tier."""

from tests._cluster import cluster
from tests._tenants import ctx, db, installation, tenant

__all__ = ["cluster", "ctx", "db", "installation", "tenant"]
