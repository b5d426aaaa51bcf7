"""Tenancy keeps no table in a tenant's schema: the directory of tenants is a table and a view in `public`."""
