"""Migrations of the dashboards tables."""
