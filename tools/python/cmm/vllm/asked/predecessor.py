"""The variables of the predecessor: what they mean here."""

from collections.abc import Mapping

from ...errors import Error

PREDECESSOR = "MANAGED_MEMORY_"
TOTAL = "MANAGED_MEMORY_TOTAL_GB"


def predecessor_warnings(environment: Mapping[str, str]) -> list[str]:
    """What the variables of the predecessor mean here. Refuses a total that is no number."""
    found = []
    for name in sorted(each for each in environment if each.startswith(PREDECESSOR)):
        value = environment[name]
        if name != TOTAL:
            found.append(
                f"{name} is a variable of the predecessor and does nothing here; see cmm serve --help"
            )
            continue
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 < number < 1 << 20:
            raise Error(
                f"{TOTAL} is {value!r}, which is no size in GB, and cmm does not use it: memory is sized by "
                "the probe; unset it, and ask for another size by --kv-bytes, such as --kv-bytes 64GiB"
            )
        found.append(
            f"{TOTAL}={value} does nothing here: memory is sized by what the probe found; --kv-bytes asks "
            "for another size of the KV cache on each GPU, --gpu-memory-utilization and --hbm-headroom for "
            "another share of HBM"
        )
    return found
