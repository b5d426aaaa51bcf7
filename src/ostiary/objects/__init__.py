"""Metadata: objects, columns, lookups, sections, layouts; packages of them; plans that make their tables."""
