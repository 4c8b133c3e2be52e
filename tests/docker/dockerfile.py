"""A Dockerfile as its stages and their instructions, as far as the checks need it."""

import dataclasses
import pathlib
import re
import shlex

PREDEFINED = {"TARGETARCH", "TARGETPLATFORM", "BUILDPLATFORM"}


@dataclasses.dataclass
class Stage:
    """One FROM and what follows it. What stands before the first FROM is a stage without a base."""

    base: str
    name: str = ""
    lines: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """What follows each use of an instruction."""
        return [rest for found, rest in self.lines if found == instruction]


def stages(path: pathlib.Path) -> list[Stage]:
    """The stages of a Dockerfile, the final one last."""
    text = "\n".join(line for line in path.read_text().splitlines() if not line.startswith("#"))
    found = [Stage("")]
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if not line.strip():
            continue
        instruction, _, rest = line.strip().partition(" ")
        if instruction == "FROM":
            words = rest.split()
            found.append(Stage(words[0], words[2] if len(words) == 3 else ""))
        else:
            found[-1].lines.append((instruction, rest.strip()))
    return found


def ancestors(all_stages: list[Stage], stage: Stage) -> list[Stage]:
    """A stage and the stages of this file that it is made from."""
    line = [stage]
    while parent := next((one for one in all_stages if one.name and one.name == line[-1].base), None):
        line.append(parent)
    return line


def copied(stage: Stage) -> list[str]:
    """The files and folders of the build context that a stage copies."""
    sources = []
    for rest in stage.all("COPY"):
        words = shlex.split(rest)
        if not any(word.startswith("--from=") for word in words):
            sources += [word for word in words[:-1] if not word.startswith("--")]
    return sources
