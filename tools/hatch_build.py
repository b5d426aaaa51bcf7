"""Build hook: a wheel made from the sources contains assets and translations, without Node on the machine."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]  # of the builder's own configuration
    """Builds the assets before they are packed. For an editable install that is make's business."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before files are collected."""
        if version == "editable":
            return
        self._tool("build_assets").main()
        self._tool("messages").build()

    def _tool(self, name: str) -> ModuleType:
        script = Path(self.root) / "tools" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, script)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
