"""Metadata: objects, columns, lookups, sections, layouts; packages of them; DDL plans that make their tables."""
