"""Steps of the scheduler of the oldest vLLM that is supported."""

import unittest

import packages
from steps import Steps


class Oldest(Steps, unittest.TestCase):
    """In a process of its own."""

    release = packages.OLDEST


if __name__ == "__main__":
    unittest.main()
