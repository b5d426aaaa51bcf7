"""Backup and restore: one tenant or all, encrypted, verified, never half visible (ADR 0026)."""
