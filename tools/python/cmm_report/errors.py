"""The one error that ends a report."""

from cmm.errors import Error


class BadInput(Error):
    """What was wrong, what was expected and what to do, in one sentence."""
