"""Migrations of the tables of pages."""
