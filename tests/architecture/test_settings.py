"""A setting that decides nothing would be a promise: each one is used outside the module that declares it."""

import re
from pathlib import Path

from ostiary.project import registry
from ostiary.settings import public as settings

SOURCE = Path(__file__).parents[2] / "src" / "ostiary"
DECLARED = re.compile(r"^([A-Z_]+) = settings\.declare\(\s*Setting\(\s*\"(\w+)\"", re.MULTILINE)


def test_every_declared_setting_decides_something() -> None:
    assert registry.routes()  # with the routes every context is imported
    found = {}
    for path in SOURCE.glob("*/_settings.py"):
        text = path.read_text()
        others = [p.read_text() for p in path.parent.rglob("*.py") if p != path]
        for name, code in DECLARED.findall(text):
            uses = sum(len(re.findall(rf"\b{name}\b", other)) for other in others)
            found[code] = uses + len(re.findall(rf"\b{name}\.code\b", text))
    assert set(found) == {setting.code for setting in settings.list_settings()}
    assert {code for code, uses in found.items() if not uses} == set()
