"""Blocks that follow the requests: which of vLLM's blocks lie in HBM is decided in each step.

vLLM's block ids are pages, which never change. Its model runners see slots, and nothing else.
"""

from .follower import Follower
from .groups import Group, UnknownGroupError, group_of, groups_of_specs
from .reasons import FixedError, check_backends, check_server, groups_of

__all__ = [
    "FixedError",
    "Follower",
    "Group",
    "UnknownGroupError",
    "check_backends",
    "check_server",
    "group_of",
    "groups_of",
    "groups_of_specs",
]
