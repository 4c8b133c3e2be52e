#!/usr/bin/env python3
"""Checks the Python of every page: it compiles, and each function of cmm that it calls is exported and takes
these arguments. What needs no GPU is run too, by tests/kv_python; what needs one, by tests/torch.

usage: page_python.py
"""

import ast
import sys

from pages import ROOT, blocks, pages

PACKAGE = ROOT / "tools/python/cmm"


def exported(module):
    """The names that a package exports, each with the file that defines it."""
    tree = ast.parse((PACKAGE / module / "__init__.py").read_text())
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            for name in node.names:
                found[name.asname or name.name] = PACKAGE / module / f"{node.module}.py"
    return found


def signature(file, name):
    """The definition of a function, or of a class's constructor; None where it takes what it likes."""
    if not file.is_file():
        return None
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node.args
    return None


def refused(arguments, call):
    """Why a call does not fit a definition; empty where it does."""
    names = [each.arg for each in [*arguments.posonlyargs, *arguments.args]]
    keywords = {each.arg for each in arguments.kwonlyargs} | set(names)
    if len(call.args) > len(names) and not arguments.vararg:
        return f"takes {len(names)} arguments by place, not {len(call.args)}"
    wrong = [each.arg for each in call.keywords if each.arg not in keywords and not arguments.kwarg]
    if wrong:
        return f"takes no {', '.join(map(str, wrong))}"
    given = set(names[: len(call.args)]) | {each.arg for each in call.keywords}
    needed = names[: len(names) - len(arguments.defaults)]
    missing = [each for each in needed if each not in given]
    return (
        f"needs {', '.join(missing)}"
        if missing and not any(each.arg is None for each in call.keywords)
        else ""
    )


def faults(where, code):
    """What is wrong with an example."""
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        return [f"{where}: this is no Python: {error}"]
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not ast.unparse(node.func).startswith("cmm."):
            continue
        _, module, name, *rest = [*ast.unparse(node.func).split("."), "", ""]
        if not (PACKAGE / module / "__init__.py").is_file() or rest[:1] != [""]:
            found.append(f"{where}: there is no {ast.unparse(node.func)}")
            continue
        names = exported(module)
        if name not in names:
            found.append(f"{where}: cmm.{module} exports no {name}")
        elif (arguments := signature(names[name], name)) and (why := refused(arguments, node)):
            found.append(f"{where}: cmm.{module}.{name} {why}")
    return found


def main():
    examples = [
        (f"{page.relative_to(ROOT)}:{line}", code)
        for page in pages()
        for line, code in blocks(page.read_text(), "python")
    ]
    found = [each for where, code in examples for each in faults(where, code)]
    for wrong in (
        "cmm.torch.biuld('managed')",
        "cmm.torch.prefetch()",
        "cmm.torch.build('a', b=1, c=2)",
        "a b",
    ):
        if not faults("", wrong):
            found.append(f"the wrong example {wrong!r} was not noticed")
    if len(examples) < 2:
        found.append("no page has an example in Python")
    print("\n".join(found) if found else f"{len(examples)} examples hold")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
