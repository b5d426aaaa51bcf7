"""Migrations of the assurance tables."""
