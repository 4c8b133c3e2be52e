"""The one error that ends a report."""


class BadInput(Exception):
    """What was wrong, what was expected and what to do, in one sentence."""
