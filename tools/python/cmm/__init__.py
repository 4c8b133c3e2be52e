"""cmm: allocators for CUDA managed memory, built from a recipe.

`cmm.torch` loads and builds them for PyTorch; `python3 -m cmm.adapter` builds them without PyTorch.
"""

from .building.headers import version
from .errors import Error

__version__ = version()

__all__ = ["Error", "__version__"]
