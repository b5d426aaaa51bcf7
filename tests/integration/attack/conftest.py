"""The two tenants and the product before them, for every attack."""

from tests.integration.attack._two_tenants import attacker, browser, handler, sides, transport

__all__ = ["attacker", "browser", "handler", "sides", "transport"]
