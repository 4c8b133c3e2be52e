"""Which PyTorch this package works with."""

import re

from ..errors import Error

OLDEST = (2, 9)


def check_torch() -> None:
    """Refuse a Python without PyTorch, and a PyTorch older than 2.9."""
    try:
        import torch
    except ImportError as error:
        raise Error(
            f"cmm.torch needs PyTorch 2.9 or newer, and importing torch failed: {error}; install it with "
            "pip install torch"
        ) from error
    found = re.match(r"(\d+)\.(\d+)", torch.__version__)
    if not found or (int(found[1]), int(found[2])) < OLDEST:
        raise Error(
            f"cmm.torch needs PyTorch 2.9 or newer and this one is {torch.__version__}; install a newer torch"
        )
