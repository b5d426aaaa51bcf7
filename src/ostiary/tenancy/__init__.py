"""Tenants: their schema, database role and placement; every transaction runs as the tenant's own role."""
