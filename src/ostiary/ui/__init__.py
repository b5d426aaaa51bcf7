"""Components, tokens and icons, rendered by Jinja2. Plain values in; no domain, no query, no permission."""

from ostiary.ui.environment import add_templates, icon, render, squares
from ostiary.ui.files import BuiltFile, asset, find_file

__all__ = ["BuiltFile", "add_templates", "asset", "find_file", "icon", "render", "squares"]
