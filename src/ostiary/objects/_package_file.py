"""A package as one document: what an export writes, an import reads, an installation keeps as its base."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from ostiary.objects._declared import PolicyDefaults, read_column, read_policy
from ostiary.objects._document import Document, column_document, object_document, workplace_document
from ostiary.objects._errors import PackageRefused
from ostiary.objects._model import Column
from ostiary.objects._package import Draft, Package, finish_package, read_lookup, read_workplace
from ostiary.objects._strict import Node, read_document

MAX_FILE = 8_000_000  # bytes: 500 objects of 50 columns are about six


def package_document(package: Package) -> Document:
    """A package as the document that `read_package_document` reads back."""
    objects = []
    for made in package.objects.values():
        defaults = {c: name for (o, c), name in package.lookup_defaults.items() if o == made.code}
        objects.append(object_document(made, package.values.get(made.code, ()), defaults))
    stated: Document = {
        "package": package.code,
        "caption": package.caption,
        "version": package.version,
        "objects": objects,
    }
    if package.extensions:
        stated["extend"] = [
            {"object": code, "columns": [column_document(x) for x in columns]}
            for code, columns in package.extensions.items()
        ]
    stated["workplaces"] = [workplace_document(place) for place in package.workplaces]
    return stated


def write_package(package: Package, rights: Document | None = None) -> bytes:
    """A package as a file: UTF-8 YAML, the same bytes for the same package."""
    document = package_document(package) | ({"rights": rights} if rights else {})
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110).encode()


class _Dumper(yaml.SafeDumper):
    """Without references: readers refuse them."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def read_package_file(content: bytes, *, known: Iterable[str] = ()) -> Package:
    """A package from a file's bytes. Raises PackageRefused: too large, not UTF-8, contradictory."""
    if len(content) > MAX_FILE:
        raise PackageRefused(f"a package file has at most {MAX_FILE} bytes")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise PackageRefused("a package file is UTF-8 text") from problem
    return read_package_document(read_document(text, "package", longest=MAX_FILE), known=known)


def read_package_document(document: object, *, known: Iterable[str] | None = None) -> Package:
    """A package from its document. known: None asks nothing of objects outside it. Raises PackageRefused."""
    head = Node("package", document)
    code, caption, version = (head.take(key, str) for key in ("package", "caption", "version"))
    draft = Draft()
    for node in head.nodes("objects"):
        if node.has("lookup"):
            made, defaults, values = read_lookup(node, read_policy(node.node("policy")))
            draft.add(node, made, defaults)
            draft.values[made.code] = values
        else:
            draft.add_object(node)
    extensions: dict[str, tuple[Column, ...]] = {}
    for node in head.nodes("extend"):
        target = node.take("object", str)
        if target in extensions or target in draft.objects:
            raise node.refuse(f"{target} is extended twice, or the package's own")
        extensions[target] = _read_added(node)
    workplaces = tuple(read_workplace(node) for node in head.nodes("workplaces"))
    rights = head.take("rights", dict) if head.has("rights") else None
    head.finish()
    return finish_package(code, caption, version, draft, workplaces, known, extensions, rights)


def _read_added(node: Node) -> tuple[Column, ...]:
    columns: dict[str, Column] = {}
    for declared in node.nodes("columns"):
        column, default = read_column(declared, PolicyDefaults())
        if column.code in columns:
            raise node.refuse(f"column {column.code} is declared twice")
        if default is not None:
            raise node.refuse("a default value of a lookup is set after the import, by its id")
        columns[column.code] = column
    node.finish()
    return tuple(columns.values())


def sorted_values(rows: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Values of a list in their order."""
    return tuple(sorted(rows, key=lambda row: (row.get("position") or 0, str(row["name"]))))
