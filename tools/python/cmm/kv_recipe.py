"""The recipes for a KV cache beyond HBM: `cmm serve` and the recommendation of tools/report give the same."""

MIB = 1 << 20
IN_HBM = "device | stats"
"""The KV cache stays where stock vLLM has it."""
FOR_ACTIVATIONS = 4 << 30
"""HBM in bytes that a spill leaves for activations and CUDA graphs: it fills HBM before those are there."""


def managed_recipe(place: str) -> str:
    """Managed memory that stays in a place of the host, where the GPU reads it."""
    return f"managed | prefer{{{place}}} | accessed_by{{device}} | stats"


def pinned_recipe(left: int) -> str:
    """GPU memory until the headroom is reached, then pinned host memory; others use `left` bytes of HBM."""
    headroom = left + FOR_ACTIVATIONS
    return f"egm | spill{{device, .headroom = {-(-headroom // MIB)}MiB}} | stats"
