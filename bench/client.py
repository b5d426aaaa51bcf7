"""The product over HTTP, as one viewer asks it."""

import json
import sys
import urllib.parse
from typing import Any


class Client:
    """One viewer of one object. The yardstick's client must have been loaded (`yardstick.client`)."""

    def __init__(self, port: int, key: str, code: str, slug: str = "yardstick") -> None:
        load = sys.modules["yardstick_load"]
        self.http = load.Http(
            "127.0.0.1", port, {"Authorization": f"Bearer {key}", "Host": f"{slug}.localhost"}
        )
        self.denied = load.Denied
        self._base = f"/api/v1/records/{code}"

    def page(self, text: str = "", offset: int = 0) -> list[str]:
        """Names of a page by name; text: what the name must contain."""
        part = f"&filter={condition(text)}" if text else ""
        found = self.http.call("GET", f"{self._base}?limit=50&offset={offset}&sort=name{part}")
        return [r["name"] for r in found["records"]]

    def count(self, text: str = "") -> int:
        """How many there are, exactly."""
        part = f"?filter={condition(text)}" if text else ""
        return int(self.http.call("GET", f"{self._base}/count{part}")["count"])

    def get(self, record: str) -> dict[str, Any]:
        """One record. Raises the client's Denied: hidden or absent."""
        found: dict[str, Any] = self.http.call("GET", f"{self._base}/{record}")
        return found

    def change(self, record: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change one record; what is there afterwards."""
        found: dict[str, Any] = self.http.call("PATCH", f"{self._base}/{record}", body)
        return found

    def refused(self, record: str) -> bool:
        """Whether a record is hidden or absent."""
        try:
            self.get(record)
        except self.denied:
            return True
        return False


def condition(text: str) -> str:
    """A filter for an address."""
    return urllib.parse.quote(json.dumps({"field": "name", "op": "contains", "value": text}))
