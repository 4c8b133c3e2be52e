"""Kinds of things a program may need of a package: each says how a given source tree differs."""

import ast
import dataclasses

from .source_tree import Definition, Function, NotThereError, SourceTree, parameters

READ_ONLY = ("property", "cached_property")
BOUND_OTHERWISE = (*READ_ONLY, "staticmethod", "classmethod")


@dataclasses.dataclass(frozen=True)
class Method:
    """A method or function with these parameters, called as a plain one."""

    name: str
    takes: str
    returns: str = ""
    """The annotated type, where it matters."""

    def differences(self, tree: SourceTree) -> list[str]:
        """One sentence for each thing that differs."""
        node = tree.find(self.name).node
        if not isinstance(node, Function):
            return [f"{self.name} is a function, in this vLLM it is a class"]
        found = []
        if parameters(node) != self.takes:
            found.append(f"{self.name} takes ({self.takes}), this vLLM has ({parameters(node)})")
        if self.returns and node.returns and ast.unparse(node.returns) != self.returns:
            found.append(f"{self.name} returns {self.returns}, in this vLLM {ast.unparse(node.returns)}")
        if isinstance(node, ast.AsyncFunctionDef):
            found.append(f"{self.name} is a plain method, in this vLLM it is asynchronous")
        for decorator in node.decorator_list:
            kind = ast.unparse(decorator).rpartition(".")[2]
            if kind in BOUND_OTHERWISE:
                found.append(f"{self.name} is a plain method, in this vLLM it is a {kind}")
        return found


@dataclasses.dataclass(frozen=True)
class Property:
    """A property, read without calling it."""

    name: str

    def differences(self, tree: SourceTree) -> list[str]:
        """One sentence if it is something else."""
        node = tree.find(self.name).node
        if any(ast.unparse(each) in READ_ONLY for each in node.decorator_list):
            return []
        return [f"{self.name} is a property, in this vLLM it is not"]


@dataclasses.dataclass(frozen=True)
class Fields:
    """Fields that a class or one of its bases declares. Each may be given as one of several: a|b."""

    name: str
    fields: tuple[str, ...]

    def differences(self, tree: SourceTree) -> list[str]:
        """One sentence for each that is missing."""
        known = tree.find(self.name)
        if not isinstance(known.node, ast.ClassDef):
            return [f"{self.name} is a class, in this vLLM it is a function"]
        there = declared(tree, known)
        wanted = [field for field in self.fields if there.isdisjoint(field.split("|"))]
        return [
            f"{self.name} has a field {' or '.join(field.split('|'))}, this vLLM has none" for field in wanted
        ]


def declared(tree: SourceTree, known: Definition) -> set[str]:
    """The fields that a class and its bases declare."""
    return {
        node.target.id
        for each in tree.bases(known)
        for node in each.node.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


@dataclasses.dataclass(frozen=True)
class Attributes:
    """Attributes that the methods of a class or of its bases set."""

    name: str
    attributes: tuple[str, ...]

    def differences(self, tree: SourceTree) -> list[str]:
        """One sentence for each that nothing sets."""
        known = tree.find(self.name)
        if not isinstance(known.node, ast.ClassDef):
            return [f"{self.name} is a class, in this vLLM it is a function"]
        there = {
            node.attr
            for each in tree.bases(known)
            for node in ast.walk(each.node)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and ast.unparse(node.value) == "self"
        }
        missing = [each for each in self.attributes if each not in there]
        return [f"{self.name} sets self.{each}, in this vLLM nothing does" for each in missing]


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of the command line that a module adds."""

    module: str
    options: tuple[str, ...]

    def differences(self, tree: SourceTree) -> list[str]:
        """One sentence for each that is missing."""
        parsed = tree.module(self.module)
        if not parsed:
            raise NotThereError(self.module)
        there = {
            word.value
            for call in ast.walk(parsed)
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".add_argument")
            for word in call.args
            if isinstance(word, ast.Constant)
        }
        missing = [option for option in self.options if option not in there]
        return [f"the command line has {option}, this vLLM's has not" for option in missing]


@dataclasses.dataclass(frozen=True)
class Calls:
    """A call, as it is written, that a function makes; one of several ways of writing it will do."""

    name: str
    written: tuple[str, ...]

    def differences(self, tree: SourceTree) -> list[str]:
        """One sentence if the function makes no such call."""
        node = tree.find(self.name).node
        made = {ast.unparse(call) for call in ast.walk(node) if isinstance(call, ast.Call)}
        if made & set(self.written):
            return []
        return [f"{self.name} calls {' or '.join(self.written)}, in this vLLM it does not"]
