"""What must hold of the images in docker/. Each check yields a sentence for each fault of a repository."""

import os
import pathlib
import re

import bake
import dockerfile

VERSIONS = "docker/versions.hcl"
BAKE = "docker/docker-bake.hcl"
LABELS = ("title", "description", "licenses", "version", "revision")


def images(root: pathlib.Path):
    """Each target with the stages of its Dockerfile, where there is one."""
    for target in bake.targets(root / BAKE).values():
        path = root / target.dockerfile
        yield target, dockerfile.stages(path) if path.is_file() else []


def files(root: pathlib.Path):
    """The text files of docker/ that hold no pins."""
    for path in sorted((root / "docker").rglob("*")):
        if path.is_file() and path != root / VERSIONS:
            yield path.relative_to(root).as_posix(), path.read_text()


def pins_stand_in_one_place(root):
    values = [value for value in bake.variables(root / VERSIONS).values() if value]
    for value in {value for value in values if values.count(value) > 1}:
        yield f"'{value}' stands twice in {VERSIONS}"
    parts = {
        word
        for value in values
        for word in re.split(r"[@\s]|==", value)
        if re.search(r"\d.*[.:]|\w{40}", word)
    }
    parts |= {part.rpartition(":")[2] for part in parts if "/" in part}
    for name, text in files(root):
        for part in parts:
            if re.search(rf"(?<![\w.]){re.escape(part)}(?![\w.]*\w)", text):
                yield f"{name} repeats '{part}' of {VERSIONS}"
        for found in re.findall(r"sha256:\w+|\b[0-9a-f]{40}\b|https://\S+\.git\b|\b[\w-]+==[\d.]+", text):
            yield f"{name} pins '{found}', which belongs into {VERSIONS}"
        if name.endswith("Dockerfile"):
            for found in re.findall(r"(?m)^FROM (?!\$\{|scratch\b)(\S+[:@/]\S+)", text):
                yield f"{name} pins '{found}', which belongs into {VERSIONS}"


def pins_are_whole(root):
    for name, value in bake.variables(root / VERSIONS).items():
        if name.endswith("_COMMIT") and not re.fullmatch(r"([0-9a-f]{40})?", value):
            yield f"{name} is '{value}', which is no commit of 40 digits"
        if name.endswith("_IMAGE") and not re.fullmatch(r"[\w./-]+:[\w.-]+(@sha256:[0-9a-f]{64})?", value):
            yield f"{name} is '{value}', which is no image with a tag"
        if name.endswith("_VERSION") and not re.fullmatch(r"\d+(\.\d+)+(\.post\d+|rc\d+)?", value):
            yield f"{name} is '{value}', which is no version"


def arguments_match(root):
    known = bake.variables(root / VERSIONS) | bake.variables(root / BAKE)
    used = set()
    for target, stages in images(root):
        declared = {arg for stage in stages for arg in stage.all("ARG")} - dockerfile.PREDEFINED
        for name, value in target.args.items():
            if value != f"${{{name}}}":
                yield f"{target.name} gives {name} the value {value}, not the variable of that name"
            if name not in known:
                yield f"{target.name} gives {name}, which is no variable"
            if name not in declared:
                yield f"{target.name} gives {name}, which {target.dockerfile} does not declare"
        for name in declared - target.args.keys():
            yield f"{target.dockerfile} declares ARG {name}, and {BAKE} alone gives values, of that very name"
        used |= target.args.keys()
    text = (root / BAKE).read_text()
    for name in known.keys() - used:
        if not re.search(rf"\${{{name}\b|\b{name} ==", text):
            yield f"the variable {name} is used by no image"


def changed_pins_build_anew(root):
    for target, stages in images(root):
        for stage in stages[1:]:
            for place, (instruction, name) in enumerate(stage.lines):
                user = "LABEL" if name in ("IMAGE_TAG", "REVISION") else "RUN"
                later = [rest for found, rest in stage.lines[place:] if found == user]
                if instruction == "ARG" and not any(f"${{{name}}}" in rest for rest in later):
                    yield f"{target.dockerfile}: no {user} after ARG {name} uses it, so a change is lost"


def images_are_well_behaved(root):
    for target, stages in images(root):
        if not stages:
            yield f"{target.name}: {target.dockerfile} does not exist"
            continue
        final, where = stages[-1], target.dockerfile
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", (final.all("USER") or ["root"])[-1]):
            yield f"{where}: the last USER is not the number of one who is not root"
        if not any('CMD ["' in rest for rest in final.all("HEALTHCHECK")):
            yield f"{where}: has no HEALTHCHECK"
        if not any(rest.startswith('["') for rest in final.all("ENTRYPOINT")):
            yield f"{where}: has no ENTRYPOINT that starts without a shell"
        for label in LABELS:
            if not any(f"org.opencontainers.image.{label}=" in rest for rest in final.all("LABEL")):
                yield f"{where}: has no label org.opencontainers.image.{label}"
        if {"linux/amd64", "linux/arm64"} - set(target.platforms):
            yield f"{target.name} is not built for both amd64 and arm64"


def nothing_is_called_latest(root):
    for name, text in files(root):
        if name.endswith(("Dockerfile", ".hcl", "Jenkinsfile")) and re.search(r"\blatest\b", text):
            yield f"{name} names 'latest', which is no version"
    for name, value in bake.variables(root / VERSIONS).items():
        if "latest" in value:
            yield f"{name} is 'latest', which is no version"


def nothing_is_secret(root):
    secret = re.compile(
        r"(?i)\b\w*(TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY)\w*\s*=|type=secret|://[^\s/@]+:[^\s/@]+@"
    )
    for name, text in files(root):
        if name != "docker/Jenkinsfile" and (found := secret.search(text)):
            yield f"{name} has '{found[0]}', and no secret belongs into an image"


def copies_exist(root):
    ignore = (root / ".dockerignore").read_text().splitlines()
    sent = [line[1:] for line in ignore if line.startswith("!")]
    for target, stages in images(root):
        for source in (source for stage in stages for source in dockerfile.copied(stage)):
            if not (root / source).exists():
                yield f"{target.dockerfile} copies {source}, which does not exist"
            elif not any(source == one or source.startswith(f"{one}/") for one in sent):
                yield f"{target.dockerfile} copies {source}, which .dockerignore keeps out"


def steps_are_there(root):
    wanted = set()
    for target, stages in images(root):
        for stage in stages[1:]:
            line = dockerfile.ancestors(stages, stage)
            here = {pathlib.Path(source).name for one in line for source in dockerfile.copied(one)}
            runs = " ".join(rest for found, rest in stage.lines if found in ("RUN", "HEALTHCHECK"))
            called = set(re.findall(r"/steps/([\w.-]+\.sh)", runs))
            called |= {"common.sh"} if called else set()
            wanted |= called | (here & {path.name for path in (root / "docker/steps").iterdir()})
            for step in called - here:
                yield f"{target.dockerfile}: stage '{stage.name}' runs {step}, which it does not copy"
    for path in (root / "docker/steps").iterdir():
        if path.name not in wanted:
            yield f"docker/steps/{path.name} is part of no image"
        if "set -euo pipefail" not in path.read_text():
            yield f"docker/steps/{path.name} goes on after an error"
        if path.name != "common.sh" and not os.access(path, os.X_OK):
            yield f"docker/steps/{path.name} cannot be run"


def jenkins_fits(root):
    text = (root / "docker/Jenkinsfile").read_text()
    parameters = set(re.findall(r"(?:string|choice|booleanParam)\(name: '(\w+)'", text))
    known = bake.variables(root / VERSIONS).keys() | bake.variables(root / BAKE).keys()
    for name in parameters - known - {"TARGET", "PUSH"}:
        yield f"the parameter {name} of the Jenkinsfile is no variable of the images"
    for name in {"VLLM_VERSION", "IMAGE_TAG", "IMAGE_SUFFIX"} - parameters:
        yield f"the Jenkinsfile has no parameter {name}"
    choices = re.findall(
        r"'([\w-]+)'", (re.search(r"name: 'TARGET', choices: \[(.*?)\]", text) or ["", ""])[1]
    )
    built = {*bake.targets(root / BAKE), "all"}
    if set(choices) != built:
        yield f"the Jenkinsfile offers {sorted(choices)}, and the images are {sorted(built)}"
    if set(bake.groups(root / BAKE).get("all", [])) != built - {"all"}:
        yield "the group all is not all images"
    if re.search(r'\bsh\s*\(?\s*(script:\s*)?"', text) or "${params" in text:
        yield "the Jenkinsfile puts values into the text of a command; the shell reads the environment"
    for wanted in ("docker/build --push", "docker buildx rm", "withCredentials"):
        if wanted not in text:
            yield f"the Jenkinsfile has no '{wanted}'"


CHECKS = (
    pins_stand_in_one_place,
    pins_are_whole,
    arguments_match,
    changed_pins_build_anew,
    images_are_well_behaved,
    nothing_is_called_latest,
    nothing_is_secret,
    copies_exist,
    steps_are_there,
    jenkins_fits,
)
