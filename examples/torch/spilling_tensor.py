"""A tensor larger than its budget of HBM: it lives on the host, and kernels read it over the link.

usage: spilling_tensor.py [ALLOCATOR.so]    without it, the recipe below is built
"""

import sys

try:
    import torch
except ImportError:
    print("left out: torch is not installed")
    sys.exit(77)
if not torch.cuda.is_available():
    print("left out: PyTorch sees no GPU")
    sys.exit(77)

import cmm.torch

# HBM for the first 256 MiB; then host memory that the GPU reads without faults, up to 1 GiB of both.
FAST = "managed | prefer{device} | prefetch{device}"
RECIPE = (
    "managed | prefer{host} | accessed_by{device} | "
    f"spill{{{FAST}, .budget = 256MiB}} | limit{{1GiB}} | stats"
)
MIB = 1 << 20


def main() -> int:
    allocator = cmm.torch.load(sys.argv[1]) if sys.argv[1:] else cmm.torch.build(RECIPE)
    with cmm.torch.use_pool(allocator):
        fits = torch.full((128 * MIB,), 1, dtype=torch.uint8, device="cuda")
        spilled = torch.full((512 * MIB,), 2, dtype=torch.uint8, device="cuda")

    total = int(fits.sum(dtype=torch.int64)) + int(spilled.sum(dtype=torch.int64))  # the same kernel for both
    print(cmm.torch.stats(allocator).recipe)
    for tensor in (fits, spilled):
        places = cmm.torch.residency(tensor)
        where = ", ".join(f"{share:.0%} at {place}" for place, share in places.items())
        print(f"{tensor.nbytes // MIB} MiB: {where}")
    at_home = cmm.torch.residency(fits).get("device:0") == 1.0
    away = cmm.torch.residency(spilled).get("device:0", 0.0) == 0.0
    return 0 if total == (128 + 2 * 512) * MIB and at_home and away else 1


if __name__ == "__main__":
    sys.exit(main())
