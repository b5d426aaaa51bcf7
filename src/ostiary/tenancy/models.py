"""Tenancy keeps no table in a tenant's schema: the directory of tenants is one table and one view in `public`."""
