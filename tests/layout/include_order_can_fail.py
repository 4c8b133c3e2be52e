#!/usr/bin/env python3
"""Shows that include_order.py can fail: each wrong include below must be reported, no right one may."""

import sys
import tempfile
from pathlib import Path

from include_order import faults

RIGHT = {
    "core/location.hpp": "#include <sys/mman.h>\n#include <vector>\n",
    "source/egm.hpp": '#include "../core/location.hpp"\n',
    "policy/numa.hpp": '#include "../source/egm.hpp"\n',
    "layer/pool.hpp": '#include "../core/location.hpp"\n',
    "cuda/api.hpp": '#include <cuda_runtime_api.h>\n#include "../sim/api.hpp"\n',
    "sim/api.hpp": "#include <cmm/core/location.hpp>\n",
    "python/edge.hpp": '#include "../cuda/api.hpp"\n',
    "cmm.hpp": '#include "layer/pool.hpp"\n#include "policy/numa.hpp"\n',
    "sim.hpp": '#include "cmm.hpp"\n#include "sim/api.hpp"\n',
}
WRONG = {
    "core/up.hpp": '#include "../source/egm.hpp"\n',
    "layer/sideways.hpp": '#include "../policy/numa.hpp"\n',
    "sim/recipes.hpp": '#include "../cmm.hpp"\n',
    "source/runtime.hpp": "#include <cuda_runtime_api.h>\n",
    "layer/nvtx.hpp": "  #  include <nvtx3/nvtx3.hpp>\n",
    "platform/json.hpp": "#include <nlohmann/json.hpp>\n",
    "policy/outside.hpp": '#include "../../../secret.hpp"\n',
    "sim/python.hpp": '#include "../python/edge.hpp"\n',
    "cuda/torch.hpp": '#include "../torch/edge.hpp"\n',
    "torch/edge.hpp": '#include "missing.hpp"\n',
    "misc/helpers.hpp": "#include <vector>\n",
    "cmm.hpp": '#include "sim/api.hpp"\n',
}


def reported(headers: dict[str, str]) -> set[str]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "cmm"
        for name, text in headers.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return {fault.split(":")[0] for fault in faults(root)}


def main() -> int:
    wrongly = reported(RIGHT)
    missed = WRONG.keys() - reported(RIGHT | WRONG)
    for name in sorted(wrongly):
        print(f"{name} is in order, but was reported")
    for name in sorted(missed):
        print(f"{name} breaks the order, but was not reported")
    if not wrongly | missed:
        print(f"{len(WRONG)} wrong includes reported, {len(RIGHT)} right headers accepted")
    return bool(wrongly | missed)


if __name__ == "__main__":
    sys.exit(main())
