"""What the worker is told: by `--additional-config '{"cmm": {...}}'`, else by CMM_* variables."""

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import Any

from ..errors import Error
from ..size import parse_size

RECIPE = "managed | prefer{host} | accessed_by{device} | stats"
"""Host memory that the GPU reads and writes where it is, without faults and without migration."""


def places_blocks(recipe: str) -> bool:
    """Whether the worker places blocks, some in HBM, some on the host; else the recipe whole tensors.

    Managed memory can be in both at once. Of the driver's pools of it the driver takes no advice.
    """
    return re.match(r"\s*managed\b", recipe) is not None and "spill" not in recipe


VARIABLES = {
    "recipe": "CMM_RECIPE",
    "library": "CMM_LIBRARY",
    "large_bytes": "CMM_LARGE_BYTES",
    "hbm_headroom": "CMM_HBM_HEADROOM",
    "hbm_bytes": "CMM_HBM_BYTES",
    "report_seconds": "CMM_REPORT_SECONDS",
    "blocks": "CMM_BLOCKS",
    "memory": "CMM_MEMORY",
    "watermark": "CMM_WATERMARK",
    "staging_bytes": "CMM_STAGING_BYTES",
}

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which the processes of a server share what they count."""
TIERED = "tiered"
WORDS = {"blocks": ("follow", "fixed", "careful"), "memory": (TIERED, "recipe")}

BELOW = {
    "report_seconds": (1e9, "seconds, such as 60, or 0 for no reports"),
    "watermark": (1, "a part of all blocks from 0 to below 1, such as 0.75"),
}
"""Numbers from 0 to below a bound, and how they are asked for."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the worker places the KV cache. Sizes are bytes, for each GPU."""

    recipe: str = RECIPE
    """Where the backing tensors come from."""
    library: str | None = None
    """A library that tools/adapter built, in place of a recipe."""
    large_bytes: int = 0
    """KV cache beyond what HBM holds."""
    hbm_headroom: int = 0
    """HBM that the KV cache leaves free beyond what vLLM reserves itself."""
    hbm_bytes: int | None = None
    """HBM for the KV cache at most."""
    staging_bytes: int | None = None
    """HBM at most into which blocks beyond it are copied while a prompt reads them; 0 for none. Where it is
    not given, as much as that needs, and at most an eighth of the KV cache's HBM."""
    memory: str = "tiered"
    """"tiered": memory handles of HBM and of the nearest host node, in one range; or "recipe", which is so
    where a recipe or a library is given."""
    blocks: str = "follow"
    """Whether blocks of the KV cache "follow" the requests into HBM, stay "fixed", or follow "careful"ly, by
    copies of all content, which is slow and what following is held against."""
    watermark: float = 0.0
    """The part of all blocks that requests which run together leave free, for `cmm.vllm.scheduler`."""
    report_seconds: float = 60.0
    """Between two lines that say where the KV cache is; 0 for none."""


def read_settings(additional_config: Any, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings; those of `--additional-config` come before those of the environment. Refuses others."""
    given = additional_config.get("cmm", {}) if isinstance(additional_config, Mapping) else {}
    if not isinstance(given, Mapping):
        raise Error(
            f'"cmm" in --additional-config is {given!r}; write an object, such as {{"large_bytes": "64GiB"}}'
        )
    unknown = [name for name in given if name not in VARIABLES]
    if unknown:
        raise Error(
            f'there is no setting {unknown[0]!r} under "cmm" in --additional-config; '
            f"there are {', '.join(VARIABLES)}"
        )
    found = {}
    for name, variable in VARIABLES.items():
        if name in given:
            found[name] = _read(name, given[name], f'"{name}" in --additional-config')
        elif environment.get(variable):
            found[name] = _read(name, environment[variable], variable)
    if "recipe" in found and "library" in found:
        raise Error("both a recipe and a library are given; a library has its recipe in it, so leave one out")
    if "recipe" in found or "library" in found:
        found.setdefault("memory", "recipe")
    return Settings(**found)


def _read(name: str, value: Any, where: str) -> Any:
    if name in ("large_bytes", "hbm_headroom", "hbm_bytes", "staging_bytes"):
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        return parse_size(value, where)
    if name in BELOW:
        most, wanted = BELOW[name]
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = -1.0
        if not 0 <= number < most or isinstance(value, bool):
            raise Error(f"{where} is {value!r}; write {wanted}")
        return number
    if name in WORDS and value not in WORDS[name]:
        raise Error(f"{where} is {value!r}; write one of {', '.join(WORDS[name])}")
    if not isinstance(value, str) or not value.strip():
        raise Error(f"{where} is {value!r}; write a text")
    return value
