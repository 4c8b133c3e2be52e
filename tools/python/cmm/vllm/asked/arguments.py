"""The arguments of vLLM as far as a plan depends on them; everything else is passed on untouched."""

import json
import re
from collections.abc import Sequence
from typing import Any

from ...errors import Error

WATCHED = (
    "--additional-config",
    "--config",
    "--cpu-offload-gb",
    "--data-parallel-size",
    "--data-parallel-size-local",
    "--enable-cumem-allocator",
    "--enable-sleep-mode",
    "--gpu-memory-utilization",
    "--headless",
    "--host",
    "--kv-cache-memory-bytes",
    "--kv-offloading-backend",
    "--kv-offloading-size",
    "--kv-transfer-config",
    "--mm-processor-cache-gb",
    "--model",
    "--nnodes",
    "--pipeline-parallel-size",
    "--port",
    "--quantization",
    "--scheduler-cls",
    "--swap-space",
    "--tensor-parallel-size",
    "--uds",
    "--watermark",
    "--worker-cls",
)
SHORT = {
    "-tp": "--tensor-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-dp": "--data-parallel-size",
    "-dpl": "--data-parallel-size-local",
    "-n": "--nnodes",
    "-q": "--quantization",
}


class Arguments:
    """What the user gave to vLLM, in order."""

    def __init__(self, given: Sequence[str]) -> None:
        self.given = list(given)
        self._at: dict[str, list[tuple[int, str | None]]] = {}
        for at, each in enumerate(self.given):
            name, equals, value = each.partition("=")
            name = SHORT.get(name, name)
            if name.startswith("--"):
                name = _whole_name(name.replace("_", "-"))
                self._at.setdefault(name, []).append((at, value if equals else None))

    def has(self, name: str) -> bool:
        """Whether an option is given."""
        return name in self._at

    def count(self, name: str) -> int:
        """How many times it is given."""
        return len(self._at.get(name, []))

    def text(self, name: str) -> str | None:
        """The value of an option, None without it. Refuses one that is given twice, or has no value."""
        places = self._at.get(name, [])
        if not places:
            return None
        if len(places) > 1:
            raise Error(f"{name} is given {len(places)} times; give it once")
        at, value = places[0]
        if value is None:
            value = self.given[at + 1] if at + 1 < len(self.given) else ""
            if not value or value.startswith("--"):
                raise Error(f"{name} has no value; write it behind the option")
        return value

    def count_of(self, name: str) -> int:
        """A whole number from 1 on; 1 without the option."""
        value = self.text(name)
        if value is None:
            return 1
        if not re.fullmatch(r"[1-9][0-9]{0,5}", value):
            raise Error(f"{name} is {value!r}; write a whole number from 1 on")
        return int(value)

    def fraction(self, name: str) -> float | None:
        """A number above 0 and up to 1."""
        value = self.text(name)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not 0 < number <= 1:
            raise Error(f"{name} is {value!r}; write a part of the GPU's memory, such as 0.9")
        return number

    def gib(self, name: str) -> int:
        """Bytes of a number of GiB, 0 without the option."""
        value = self.text(name)
        if value is None:
            return 0
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?", value):
            raise Error(f"{name} is {value!r}; write a number of GiB, such as 16")
        return int(float(value) * (1 << 30))

    def json_object(self, name: str) -> dict[str, Any]:
        """A JSON object, empty without the option. Refuses the dotted form, which cannot be joined."""
        dotted = next((each for each in self._at if each.startswith(f"{name}.")), None)
        if dotted:
            raise Error(f"{dotted} is given; write it as one object, such as {name} '{{\"key\": 1}}'")
        value = self.text(name)
        if value is None:
            return {}
        try:
            told = json.loads(value)
        except ValueError as error:
            raise Error(f"{name} is {value!r}, which is no JSON ({error}); write an object") from error
        except RecursionError as error:
            raise Error(f"{name} is nested too deeply to be read; write an object of a few levels") from error
        if not isinstance(told, dict):
            raise Error(f"{name} is {value!r}, which is no JSON object; write such as '{{\"key\": 1}}'")
        return told

    def model(self) -> str | None:
        """The model: the first argument, or --model; None where neither says."""
        if self.given and not self.given[0].startswith("-"):
            return self.given[0]
        return self.text("--model")

    def gpus(self) -> int:
        """GPUs of this machine that vLLM will use."""
        world, machines = self.model_gpus() * self.replicas(), self.count_of("--nnodes")
        if world % machines:
            raise Error(f"{world} GPUs cannot be split over --nnodes {machines}; give sizes that can")
        return world // machines

    def replicas(self) -> int:
        """Copies of the model, of this machine where that is said."""
        local = "--data-parallel-size-local"
        return self.count_of(local if self.has(local) else "--data-parallel-size")

    def model_gpus(self) -> int:
        """GPUs that share one copy of the weights."""
        return self.count_of("--tensor-parallel-size") * self.count_of("--pipeline-parallel-size")

    def without(self, *names: str) -> list[str]:
        """All arguments but these options and their values."""
        left_out: set[int] = set()
        for name in names:
            for at, value in self._at.get(name, []):
                left_out |= {at} if value is not None else {at, at + 1}
        return [each for at, each in enumerate(self.given) if at not in left_out]


def _whole_name(name: str) -> str:
    """vLLM accepts abbreviations of its options; of those that a plan depends on they are refused."""
    if name in WATCHED or len(name) < len("--worker"):
        return name
    meant = [each for each in WATCHED if each.startswith(name)]
    if meant:
        raise Error(f"{name} abbreviates {meant[0]}; write it in full")
    return name
