"""The command `cmm serve`: plans for this machine, says why, and starts stock `vllm serve`."""

import argparse
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..building.programs import recorded_machine
from ..errors import Error
from ..printable import said_by
from ..size import parse_size
from .asked.arguments import Arguments
from .asked.blocks import fixed_warning, why_fixed
from .asked.checks import check_devices, check_port, vllm_command, weights_bytes
from .asked.command import vllm_arguments, vllm_size
from .asked.metrics_folder import share_metrics
from .asked.own_options import read_options
from .asked.predecessor import predecessor_warnings
from .asked.wished_recipe import wished_recipe
from .machine.description import Machine, read_machine
from .machine.host_taken import host_taken, host_taken_warnings
from .machine.locked_memory import locked_limit
from .machine.probing import ask, ask_verified, find_probe, gpu_users, read_answer
from .planning.admission import OPTION, admission, check_asked, tokens_told
from .planning.plan import Wishes, make_plan
from .planning.telling import told
from .refusals import refuse
from .release.interface import installed
from .release.needs import Options
from .release.source_tree import NotThereError, SourceTree
from .settings import VARIABLES


def run(arguments: Sequence[str], program: str = "cmm serve") -> list[str] | None:
    """Print the plan; returns the command to start, None for a dry run. Refuses what cannot work."""
    options, rest = read_options(arguments, program)
    given = Arguments(rest)
    if (options.root or options.probe) and not options.dry_run:
        raise Error(
            "--root and --probe plan for another machine, where nothing can be started; add --dry-run"
        )
    if options.root and options.probe:
        raise Error("--root and --probe both describe a machine; give one of them")
    _refuse(given)
    admits = check_asked(options.admit)
    warnings = [
        *predecessor_warnings(os.environ),
        *settings_warnings(os.environ),
        *host_taken_warnings(given),
    ]
    if given.has("--config"):
        warnings.append(
            "Options inside the --config file are not read here; give those about memory as arguments"
        )
    start, about_vllm = _start(options)
    if not options.dry_run:
        check_port(given)
    machine, about_probe = _machine(options)
    recorded = bool(options.root or options.probe)
    wishes = _wishes(options, given, recorded)
    plan = make_plan(machine, wishes, {} if recorded else gpu_users())
    fixed = why_fixed(given, os.environ)
    if fixed and plan.large_bytes:
        warnings.append(fixed_warning(fixed))
    admitted = admission(
        plan,
        admits,
        wishes.weights,
        given=given.text(OPTION),
        has_option=_has_watermark(recorded),
        scheduler=given.text("--scheduler-cls"),
        follows=not fixed,
    )
    tokens = tokens_told(plan, wishes.weights, given.model(), given.model_gpus())
    command = [*start, *vllm_arguments(given, plan, admitted)]
    warnings += [*about_vllm, *about_probe, *machine.warnings]
    print(told(plan, warnings, command, admitted, tokens), flush=True)
    return None if options.dry_run else command


def settings_warnings(environment: Mapping[str, str]) -> list[str]:
    """Variables of the worker that the plan replaces. Refuses a library, which has a recipe of its own."""
    library, large = VARIABLES["library"], VARIABLES["large_bytes"]
    if environment.get(library):
        raise Error(
            f"{library} is set, and cmm serve gives the worker a recipe in place of a library; unset it, or "
            "start vllm serve --worker-cls cmm.vllm.Worker yourself"
        )
    if environment.get(large):
        return [f"{large} is set, and the plan replaces it; --kv-bytes asks for another size"]
    return []


def _refuse(given: Arguments) -> None:
    times = given.count("--worker-cls")
    if times:
        often = "" if times == 1 else f" {times} times"
        raise Error(
            f"--worker-cls is given{often}, and cmm serve sets it to cmm.vllm.Worker; leave it out, or "
            "start vllm serve with a worker of your own"
        )
    refuse(
        sleep_mode=given.has("--enable-sleep-mode"),
        cumem_allocator=given.has("--enable-cumem-allocator"),
        kv_transfer=_kv_transfer(given),
    )


def _kv_transfer(given: Arguments) -> dict[str, Any]:
    """As --kv-transfer-config has it; offloading to LMCache chooses a connector by itself."""
    if given.has("--kv-offloading-size") and given.text("--kv-offloading-backend") == "lmcache":
        return {"kv_connector": "LMCacheMPConnector"}
    return given.json_object("--kv-transfer-config")


def _start(options: argparse.Namespace) -> tuple[list[str], list[str]]:
    """How vLLM is started. A dry run goes on without one, and says so."""
    if options.root or options.probe:
        return ["vllm", "serve"], []
    if not options.dry_run:
        return vllm_command()
    try:
        installed()
    except Error as error:
        return ["vllm", "serve"], [f"This command cannot be started yet: {error}"]
    return vllm_command()


def _has_watermark(recorded: bool) -> bool:
    """Whether vLLM has the option; for another machine, whose vLLM is not here, the newest is taken."""
    if recorded:
        return True
    try:
        return not Options("vllm.engine.arg_utils", (OPTION,)).differences(SourceTree(installed()[1]))
    except (Error, NotThereError):
        return True


def _recorded(root: str) -> Path:
    folder = Path(root) if os.path.isdir(root) else recorded_machine(root)
    if folder is None:
        raise Error(
            f"--root {root} is no folder; give one that tools/probe --record wrote, or gh200-480 or "
            "h200-pcie, which come with cmm"
        )
    return folder.resolve()


def _machine(options: argparse.Namespace) -> tuple[Machine, list[str]]:
    if options.probe:
        return read_machine(read_answer(Path(options.probe))), []
    if options.root:
        return read_machine(ask(find_probe(), "--root", str(_recorded(options.root)))), []
    answer, warnings = ask_verified(find_probe(), not options.no_verify)
    machine = read_machine(answer)
    if not machine.gpus:
        check_devices()
    return machine, warnings


def _wishes(options: argparse.Namespace, given: Arguments, recorded: bool) -> Wishes:
    recipe = options.recipe if options.recipe is not None else os.environ.get(VARIABLES["recipe"])
    headroom = options.hbm_headroom
    if headroom is None:
        headroom = os.environ.get(VARIABLES["hbm_headroom"])
    budget = os.environ.get("CMM_LIMIT")
    return Wishes(
        gpus=given.gpus(),
        visible=os.environ.get("CUDA_VISIBLE_DEVICES") if recorded else None,
        recipe=wished_recipe(recipe) if recipe else None,
        kv_bytes=_kv_bytes(options.kv_bytes, given),
        hbm_headroom=parse_size(headroom, "--hbm-headroom") if headroom else 0,
        utilization=given.fraction("--gpu-memory-utilization"),
        weights=weights_bytes(given),
        host_taken=host_taken(given),
        budget=parse_size(budget, "CMM_LIMIT") if budget else None,
        locked=None if recorded else locked_limit(),
    )


def _kv_bytes(ours: str | None, given: Arguments) -> int | None:
    theirs = given.text("--kv-cache-memory-bytes")
    if ours is not None and theirs is not None:
        raise Error("--kv-bytes and --kv-cache-memory-bytes are the same; give one of them")
    if ours is None and theirs is None:
        return None
    size = (
        parse_size(ours, "--kv-bytes") if ours is not None else vllm_size(theirs, "--kv-cache-memory-bytes")
    )
    if size == 0:
        raise Error("a KV cache of 0 bytes serves nothing; leave --kv-bytes out, and the plan chooses")
    return size


def main(arguments: Sequence[str] | None = None, program: str = "cmm serve") -> int:
    """Run the command; on success this process becomes vLLM. Errors are one sentence and exit status 1."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        command = run(sys.argv[1:] if arguments is None else arguments, program)
        if command is not None:
            share_metrics()
            os.execv(command[0], command)
    except (Error, OSError) as error:
        print(said_by(program, str(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(program="tools/serve-vllm"))
