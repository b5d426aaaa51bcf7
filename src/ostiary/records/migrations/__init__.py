"""Migrations of the audit tables."""
