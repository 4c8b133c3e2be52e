"""What pages say in figures, each block as it follows from committed results.

A block stands in a page between `<!-- figures NAME -->` and `<!-- end of figures -->`.
"""

from . import engine, measured, torch, vllm

BLOCKS = {**measured.BLOCKS, **torch.BLOCKS, **vllm.BLOCKS, **engine.BLOCKS}
"""Of each name the function that writes it, for a page in a folder, which links are relative to."""
