"""The one exception of this package."""


class Error(RuntimeError):
    """Something this package refuses or cannot do; its text is one sentence that says what to do."""
