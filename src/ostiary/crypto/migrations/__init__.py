"""Migrations of the key table."""
