"""Blocks that follow the requests: which of vLLM's blocks lie in HBM is decided in each step.

vLLM's block ids are pages, which never change. Its model runners see slots, and nothing else.
"""

from .fields import fields_of, why_not_followed
from .follower import Follower
from .groups import Group, UnknownGroupError, group_of

__all__ = [
    "Follower",
    "Group",
    "UnknownGroupError",
    "fields_of",
    "group_of",
    "why_not_followed",
]
