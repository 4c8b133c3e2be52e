"""How vLLM makes the memory of its KV cache: by which calls, and inside which context of the worker.

Two ways are known. To 0.28 the context encloses everything that the model runner initializes, and each
KVCacheTensor has memory of its own. From 0.29 the context is handed to the model runner, which enters it
only to make one block of memory for all of them.
"""

import ast
import dataclasses
from collections.abc import Callable, Iterator

from .source_tree import Definition, NotThereError, SourceTree

WORKER = "vllm.v1.worker.gpu_worker.Worker.initialize_from_config"
POOL = "self._maybe_get_memory_pool_context"
HANDED = "kv_cache_allocation_context"
"""The argument by which newer model runners are handed the context."""

FACTORIES = ("zeros", "empty")
"""The functions of torch that make memory of the KV cache; called as torch.zeros, with the size first."""
BYTES = ("torch.int8", "torch.uint8")
"""The types they are asked for; the size counts elements, so it must be bytes."""

RUNNERS = ("vllm.v1.worker.gpu_model_runner.GPUModelRunner", "vllm.v1.worker.gpu.model_runner.GPUModelRunner")
STEPS = (
    ("initialize_kv_cache_tensors", "init_kv_cache"),
    ("_allocate_kv_cache_tensors", "_allocate_kv_cache", "allocate_kv_cache"),
)
"""By which functions a model runner's initialize_kv_cache gets to the one that makes the memory."""


@dataclasses.dataclass(frozen=True)
class Way:
    """A chain of calls: the function at its end, which makes the memory, and what differs on the way."""

    end: Definition | None
    problems: list[str]


class KvAllocation:
    """The memory of the KV cache is made in the worker's pool context, by torch factories of bytes."""

    def differences(self, tree: SourceTree) -> list[str]:
        """One sentence for each thing that differs."""
        worker = tree.find(WORKER).node
        initializes = any(map(_is_initialize, _calls(worker)))
        enclosed = initializes and _encloses(worker, _is_initialize, _is_pool)
        handed = initializes and _hands_over(worker, _is_initialize, _is_pool)
        if not enclosed and not handed:
            return [
                f"{WORKER} initializes the KV cache inside {POOL}(tag='kv_cache') or hands that to the model "
                "runner, in this vLLM it does neither"
            ]
        found = []
        for runner in RUNNERS:
            try:
                way = _follow(tree, tree.find(f"{runner}.initialize_kv_cache"), handed and not enclosed)
                found += way.problems + (_factory_differences(way.end) if way.end else [])
            except NotThereError as missing:
                found.append(f"{missing} is not in this vLLM")
        return found


def _follow(tree: SourceTree, start: Definition, handed: bool) -> Way:
    at = start
    problems = []
    for step, names in enumerate(STEPS):
        calls = [call for call in _calls(at.node) if _called(call) in names]
        if not calls:
            problems.append(f"{at.name} calls {' or '.join(names)}, in this vLLM it does not")
            return Way(None, problems)
        if handed:
            passes = _hands_over if step + 1 < len(STEPS) else _encloses
            if not passes(at.node, lambda call, names=names: _called(call) in names, _is_handed):
                problems.append(
                    f"{at.name} calls {_called(calls[0])} with or inside its {HANDED}, in this vLLM it does "
                    "not"
                )
        at = _callee(tree, at, calls[0])
    return Way(at, problems)


def _callee(tree: SourceTree, caller: Definition, call: ast.Call) -> Definition:
    if isinstance(call.func, ast.Attribute):
        return tree.find(f"{caller.owner}.{call.func.attr}")
    return tree.find(f"{caller.module}.{_called(call)}")


def _factory_differences(known: Definition) -> list[str]:
    made = [
        call for call in _calls(known.node) if ast.unparse(call.func).startswith("torch.") and _device(call)
    ]
    wrong = [call for call in made if not _is_bytes_of_size(known.node, call)]
    wanted = " or ".join(f"torch.{each}" for each in FACTORIES)
    means = (
        f"{known.name} makes the KV cache by {wanted}(SIZE, dtype={' or '.join(BYTES)}, device=...), "
        "SIZE being that of a KVCacheTensor"
    )
    if not made:
        return [f"{means}, this vLLM by no call of torch that names a device"]
    return [f"{means}, this vLLM by {ast.unparse(call)}" for call in wrong]


def _device(call: ast.Call) -> bool:
    return any(word.arg == "device" for word in call.keywords)


def _is_bytes_of_size(function: ast.AST, call: ast.Call) -> bool:
    dtypes = [ast.unparse(word.value) for word in call.keywords if word.arg == "dtype"]
    named = ast.unparse(call.func).removeprefix("torch.")
    return named in FACTORIES and bool(dtypes) and dtypes[0] in BYTES and _is_size(function, call.args)


def _is_size(function: ast.AST, arguments: list[ast.expr]) -> bool:
    """The first argument is the size field of a KVCacheTensor, or a variable that is set to one."""
    return bool(arguments) and any(
        isinstance(each, ast.Attribute) and each.attr == "size"
        for each in _origins(function, arguments[0], lambda each: not isinstance(each, ast.BinOp))
    )


def _is_initialize(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "self.model_runner.initialize_kv_cache"


def _is_pool(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or ast.unparse(node.func) != POOL:
        return False
    given = [*node.args, *(word.value for word in node.keywords if word.arg == "tag")]
    return [ast.unparse(each) for each in given] == ["'kv_cache'"]


def _is_handed(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == HANDED


def _hands_over(function: ast.AST, of: Callable, source: Callable) -> bool:
    """Every such call in the function has the argument HANDED, from that source."""
    return all(
        any(word.arg == HANDED and any(map(source, _origins(function, word.value))) for word in call.keywords)
        for call in _calls(function)
        if of(call)
    )


def _encloses(function: ast.AST, of: Callable, source: Callable) -> bool:
    """Every such call in the function is inside a with statement of that source."""
    inside = {
        id(node)
        for block in ast.walk(function)
        if isinstance(block, ast.With)
        and any(any(map(source, _origins(function, item.context_expr))) for item in block.items)
        for statement in block.body
        for node in ast.walk(statement)
    }
    return all(id(call) in inside for call in _calls(function) if of(call))


def _origins(function: ast.AST, value: ast.AST, enter: Callable = lambda node: True) -> Iterator[ast.AST]:
    """The parts of an expression, and of what the function assigns to the variables in it."""
    seen = set()
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if not enter(node):
            continue
        yield node
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            waiting += [
                each.value
                for each in ast.walk(function)
                if isinstance(each, ast.Assign) and node.id in map(ast.unparse, each.targets)
            ]


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]
