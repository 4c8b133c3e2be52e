"""KV pages over two memories: which slot each page lies in, their memory, and what moves them.

    kv = cmm.kv.build()  # or cmm.kv.build(platform="sim:gh200-480"), for which no GPU is needed
    layout = kv.layout([(0, 65536, 65536)], slots=4096)
    memory = kv.range(layout, fast=1024, background=True)
    pages = kv.residency(layout, fast=1024)
    mover = kv.mover(memory)
    mover.run(pages.step(idle=given_back, fresh=handed_out, hits=found), stream)
    pages.translate(block_table)  # an int32 array: ids of pages become slots

A page is a KV block of an engine; its id never changes, and a slot is where it lies now. Slots [0, fast) lie
in HBM. What is refused raises `BadInput` (a ValueError), a memory that ran out `MemoryFull` (a MemoryError),
anything else `cmm.Error`, each with one sentence. Needs numpy.
"""

from .requirement import check_numpy

check_numpy()

from .building import build, load  # noqa: E402
from .errors import BadInput, MemoryFull  # noqa: E402
from .layout import Layout  # noqa: E402
from .library import Library  # noqa: E402
from .mover import Mover  # noqa: E402
from .plan import Plan  # noqa: E402
from .range import Range  # noqa: E402
from .residency import Residency  # noqa: E402
from .staging import Staging  # noqa: E402
from .stock import Stock  # noqa: E402

__all__ = [
    "BadInput",
    "Layout",
    "Library",
    "MemoryFull",
    "Mover",
    "Plan",
    "Range",
    "Residency",
    "Staging",
    "Stock",
    "build",
    "load",
]
