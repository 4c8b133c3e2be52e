"""That numpy is there."""

from ..errors import Error


def check_numpy() -> None:
    """Refuse a Python without numpy."""
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        raise Error(
            f"cmm.kv needs numpy, and importing it failed: {error}; install it with pip install numpy"
        ) from error
