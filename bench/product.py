"""The product over HTTP, as the yardstick's client drives it."""

import sys
from typing import Any

from bench.client import Client
from bench.tenant import record


class Product:
    """One viewer of the yardstick's records, which are known by their numbers."""

    def __init__(
        self,
        meta: dict[str, Any],
        port: int,
        key: str,
        code: str = "person",
        slug: str = "yardstick",
        **_: Any,
    ) -> None:
        self.client = Client(port, key, code, slug)
        self._text = str(meta["filter"])
        self._versions: dict[int, int] = {}

    def page1(self) -> list[str]:
        return self.client.page(self._text)

    def page20(self) -> list[str]:
        return self.client.page(self._text, 1000)

    def count(self) -> int:
        return self.client.count(self._text)

    def read(self, number: int) -> str:
        found = self.client.get(str(record(number)))
        self._versions[number] = found["version"]
        return str(found["name"])

    denied = read

    def update(self, number: int, phone: str, title: str) -> None:
        if number not in self._versions:
            self.read(number)
        load = sys.modules["yardstick_load"]
        while True:
            body = {"phone": phone, "job_title": title, "version": self._versions[number]}
            try:
                found = self.client.change(str(record(number)), body)
            except RuntimeError as error:  # four clients share the ids: take the other's version, go on
                if not str(error).startswith("409"):
                    raise
                self.read(number)
                continue
            except load.Denied:
                raise
            self._versions[number] = found["version"]
            return
