"""Machines' door: REST over the same records. Errors are problem documents (RFC 9457)."""
