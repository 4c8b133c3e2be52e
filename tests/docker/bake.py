"""What docker/versions.hcl and docker/docker-bake.hcl say, as values of Python."""

import dataclasses
import pathlib

import hcl2


@dataclasses.dataclass
class Target:
    """One image: its Dockerfile, the build arguments and the variable each is given, its platforms."""

    name: str
    dockerfile: str
    args: dict[str, str]
    platforms: list[str]


def plain(value):
    """A value without the quotes that the parser puts around strings; an expression becomes ${...}."""
    if isinstance(value, dict):
        return {key.strip('"'): plain(part) for key, part in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, str):
        return value[1:-1] if value[:1] == '"' else f"${{{value}}}"
    return value


def blocks(path: pathlib.Path, kind: str) -> dict[str, dict]:
    """The blocks of one kind in a file, by name. Raises ValueError where the file is no HCL."""
    try:
        with path.open() as file:
            parsed = plain(hcl2.load(file))
    except Exception as error:
        raise ValueError(f"{path.name} is no HCL: {error}") from error
    return {name: body for block in parsed.get(kind, []) for name, body in block.items()}


def variables(path: pathlib.Path) -> dict[str, str]:
    """The variables of a file and their defaults."""
    return {name: body["default"] for name, body in blocks(path, "variable").items()}


def targets(path: pathlib.Path) -> dict[str, Target]:
    """The images, each with what it inherits."""
    bodies = blocks(path, "target")
    found = {}
    for name, body in bodies.items():
        if "dockerfile" not in body:
            continue
        parents = [bodies[parent] for parent in body.get("inherits", [])]
        args = {}
        for part in [*parents, body]:
            args |= part.get("args", {})
        platforms = [platform for part in [*parents, body] for platform in part.get("platforms", [])]
        found[name] = Target(name, body["dockerfile"], args, platforms)
    return found


def groups(path: pathlib.Path) -> dict[str, list[str]]:
    """The groups and their targets."""
    return {name: body["targets"] for name, body in blocks(path, "group").items()}
