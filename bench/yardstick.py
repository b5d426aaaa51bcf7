"""The yardstick's data and client, which live outside the repository (OSTIARY_SHARED)."""

import csv
import functools
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

SHARED = Path(os.environ.get("OSTIARY_SHARED", Path(__file__).parents[2] / "shared"))
OUT = Path(__file__).parent / "out"


@dataclass(frozen=True, slots=True)
class Data:
    """The generated files: role, role_closure, app_user, contact, share and the expected answers."""

    folder: Path
    meta: dict[str, Any]

    def rows(self, name: str) -> list[list[str]]:
        """A CSV file without header."""
        with (self.folder / f"{name}.csv").open(newline="") as file:
            return list(csv.reader(file))


def available() -> bool:
    """Whether the yardstick is there."""
    return (SHARED / "bench" / "gen.py").is_file()


def generate(size: int) -> Data:
    """The data set of `size` contacts, made once and kept."""
    folder = OUT / f"data{size}"
    if not (folder / "meta.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        program = [sys.executable, "-W", "ignore", str(SHARED / "bench" / "gen.py"), str(size), str(folder)]
        subprocess.run(program, check=True, stdout=subprocess.DEVNULL)
    return Data(folder, json.loads((folder / "meta.json").read_text()))


@functools.cache
def client() -> ModuleType:
    """The load client as a module, loaded once: what it raises must stay one class."""
    spec = importlib.util.spec_from_file_location("yardstick_load", SHARED / "bench" / "load.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(SHARED / "bench" / "load.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["yardstick_load"] = module
    spec.loader.exec_module(module)
    return module
