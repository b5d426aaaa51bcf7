"""Fixtures for every tier."""

from tests._cluster import cluster
from tests._tenants import admin, crm_tenant, ctx, db, installation, tenant

__all__ = ["admin", "cluster", "crm_tenant", "ctx", "db", "installation", "tenant"]
