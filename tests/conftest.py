"""Fixtures for every tier."""

from tests._cluster import cluster

__all__ = ["cluster"]
