"""Definitions of a Python package, found in its source files without importing it."""

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from ...errors import Error

Function = ast.FunctionDef | ast.AsyncFunctionDef


class NotThereError(LookupError):
    """What was looked for is not in the package; the text is its name."""


@dataclasses.dataclass(frozen=True)
class Definition:
    """A class or function of the package."""

    name: str
    """As it is imported: package.module.Class.method."""
    module: str
    node: ast.AST
    owner: str = ""
    """For a method, the name by which its class was found."""


class SourceTree:
    """A package in a folder, such as site-packages/vllm. Refuses a folder that is not one."""

    def __init__(self, source: Path):
        self.source = source
        self.parsed_: dict[str, ast.Module | None] = {}
        if not (source / "__init__.py").is_file():
            raise Error(
                f"{source} is not the folder of a Python package, for want of __init__.py; name the one that "
                f"holds the sources of {source.name}"
            )

    def module(self, name: str) -> ast.Module | None:
        """The module `package.a.b`, parsed; None if the package has none of that name."""
        if name not in self.parsed_:
            place = self.source.joinpath(*name.split(".")[1:])
            paths = (place / "__init__.py", place.with_suffix(".py"))
            self.parsed_[name] = next((_parse(path) for path in paths if path.is_file()), None)
        return self.parsed_[name]

    def find(self, name: str) -> Definition:
        """The definition of `package.module.Class.method`, through imports and base classes."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            module = ".".join(parts[:end])
            if self.module(module):
                break
        else:
            raise NotThereError(name)
        if end == len(parts) - 1:
            return self._in_module(module, parts[-1])
        if end == len(parts) - 2:
            return self._in_class(self._in_module(module, parts[-2]), parts[-1], name)
        raise NotThereError(".".join(parts[: end + 1]))

    def bases(self, known: Definition) -> Iterator[Definition]:
        """A class and those classes it inherits from that are in the package."""
        yield known
        assert isinstance(known.node, ast.ClassDef)
        for base in known.node.bases:
            if isinstance(base, ast.Name):
                try:
                    found = self._in_module(known.module, base.id)
                except NotThereError:
                    continue  # a class of another package
                if isinstance(found.node, ast.ClassDef):
                    yield from self.bases(found)

    def _in_module(self, module: str, name: str, asked: frozenset[str] = frozenset()) -> Definition:
        tree = self.module(module)
        statements = list(_statements(tree.body)) if tree else []
        for node in statements:
            if isinstance(node, ast.ClassDef | Function) and node.name == name:
                return Definition(f"{module}.{name}", module, node)
        for node in statements:
            for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                origin = self._origin(module, node)
                if (alias.asname or alias.name) == name and origin and module not in asked:
                    return self._in_module(origin, alias.name, asked | {module})
        raise NotThereError(f"{module}.{name}")

    def _origin(self, module: str, node: ast.ImportFrom) -> str:
        """The module that an import names, or nothing where it is of another package."""
        package = module.split(".")
        if node.level:
            is_folder = (self.source.joinpath(*package[1:]) / "__init__.py").is_file()
            package = package[: len(package) - node.level + is_folder]
        named = node.module.split(".") if node.module else []
        origin = [*package, *named] if node.level else named
        return ".".join(origin) if origin[:1] == [self.source.name] else ""

    def _in_class(self, known: Definition, method: str, name: str) -> Definition:
        if isinstance(known.node, ast.ClassDef):
            for each in self.bases(known):
                for node in each.node.body:
                    if isinstance(node, Function) and node.name == method:
                        return Definition(name, each.module, node, name.rpartition(".")[0])
        raise NotThereError(name)


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        raise Error(f"{path} cannot be read as Python ({error}); install the package again") from error


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, and those inside its if and try."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _statements(node.body)
            yield from _statements(node.orelse)
        if isinstance(node, ast.Try):
            yield from _statements([each for handler in node.handlers for each in handler.body])
            yield from _statements(node.finalbody)


def parameters(function: Function) -> str:
    """The parameters as in the source, without annotations: self, tag, level=1."""
    found = function.args
    bare = ast.arguments(
        posonlyargs=[ast.arg(each.arg) for each in found.posonlyargs],
        args=[ast.arg(each.arg) for each in found.args],
        vararg=found.vararg and ast.arg(found.vararg.arg),
        kwonlyargs=[ast.arg(each.arg) for each in found.kwonlyargs],
        kw_defaults=found.kw_defaults,
        kwarg=found.kwarg and ast.arg(found.kwarg.arg),
        defaults=found.defaults,
    )
    return ast.unparse(bare)
