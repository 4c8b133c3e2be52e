"""Steps of the scheduler of the newest vLLM."""

import unittest

from steps import Steps


class Newest(Steps, unittest.TestCase):
    """In a process of its own."""


if __name__ == "__main__":
    unittest.main()
