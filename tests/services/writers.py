"""Which methods of the services write: found in their sources, so that a new one cannot be forgotten."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from typing import Any, get_type_hints

import bbws_access.services as services_package
from bbws_access import bootstrap
from bbws_access.bootstrap import Services

_WRITES = {
    "table": {"write", "transact", "put_new"},
    "trail": {"commit"},
    "storage": {"put_export", "put_once"},
    "way": {"go"},
}
"""What writes, by what it is called on."""

_Name = tuple[str, str]
"""A class, or ``""`` for a function of a module, and a name in it."""


class _Sources:
    """Every function and method of the package, and what each calls."""

    def __init__(self) -> None:
        self.calls: dict[_Name, set[_Name]] = {}
        self.writing: set[_Name] = set()
        for module in pkgutil.walk_packages(services_package.__path__, f"{services_package.__name__}."):
            self._module(ast.parse(inspect.getsource(import_module(module.name))))
        while True:
            more = {name for name, called in self.calls.items() if called & self.writing} - self.writing
            if not more:
                break
            self.writing |= more

    def _module(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                self._function("", node, {})
            elif isinstance(node, ast.ClassDef):
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                held = {k: v for method in methods if method.name == "__init__" for k, v in _attributes(method)}
                for method in methods:
                    self._function(node.name, method, held)

    def _function(self, owner: str, node: ast.FunctionDef, held: dict[str, str]) -> None:
        calls = self.calls.setdefault((owner, node.name), set())
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                if isinstance(inner.func, ast.Name):
                    calls.add(("", inner.func.id))
                elif isinstance(inner.func, ast.Attribute):
                    on = _last(inner.func.value)
                    if inner.func.attr in _WRITES.get(on.lstrip("_"), ()):
                        self.writing.add((owner, node.name))
                    # Of an object that was made on the spot, ``X(…).run()``, the class is its name.
                    calls.add((owner if on == "self" else held.get(on, on), inner.func.attr))


def _attributes(init: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """The attributes that a constructor sets, with the classes of what they hold."""
    given = {arg.arg: _last(arg.annotation) for arg in init.args.args if arg.annotation is not None}
    for node in ast.walk(init):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            value = node.value
            made = _last(value.func) if isinstance(value, ast.Call) else given.get(_last(value), "")
            yield node.targets[0].attr, made


def _last(node: ast.expr | None) -> str:
    match node:
        case ast.Name(name) | ast.Attribute(_, name):
            return name
        case ast.Constant(str() as name):
            return name
        case ast.Call(function):
            return _last(function)
    return ""


def _late() -> dict[str, Any]:
    """What the bootstrap imports when it is asked for: it names it for the type checker alone."""
    nodes = ast.walk(ast.parse(inspect.getsource(bootstrap)))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {
        alias.name: getattr(import_module(str(node.module)), alias.name) for node in imports for alias in node.names
    }


def public_methods() -> dict[str, _Name]:
    """Every method that a door can call, as ``roles.create``; all but the trail, which is what they write with."""
    found: dict[str, _Name] = {}
    late = _late()
    for name, part in vars(Services).items():
        if not isinstance(part, cached_property) or name == "trail":
            continue
        kind: Any = get_type_hints(part.func, localns=late)["return"]
        for method, what in vars(kind).items():
            if inspect.isfunction(what) and not method.startswith("_"):
                found[f"{name}.{method}"] = (kind.__name__, method)
    return found


def writers() -> set[str]:
    """Those of :func:`public_methods` that write."""
    writing = _Sources().writing
    return {door for door, name in public_methods().items() if name in writing}
