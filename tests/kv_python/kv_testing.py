"""What the tests of cmm.kv share: the library of the machine under test, its memory, and refusals."""

import ctypes
import functools
import os
import unittest

import cmm.kv
import numpy as np

PLATFORM = os.environ.get("CMM_KV_PLATFORM", "sim:gh200-480")
MIB = 1 << 20


@functools.cache
def library():
    """The library of the platform under test; CMM_KV_LIBRARY names one that was built otherwise."""
    made = os.environ.get("CMM_KV_LIBRARY")
    return cmm.kv.load(made) if made else cmm.kv.build(PLATFORM)


class KvTest(unittest.TestCase):
    """A test that knows how a refusal looks."""

    def assert_refused(self, words, call, *arguments, kind=cmm.kv.BadInput, **named):
        """The call is refused in one sentence that has these words."""
        with self.assertRaises(kind) as refused:
            call(*arguments, **named)
        message = str(refused.exception)
        for word in words:
            self.assertIn(word, message)
        self.assertNotIn("\n", message)


class Memory:
    """The first word of each piece of each slot in a range, as the CPU reads and writes it."""

    def __init__(self, memory):
        """Of a range that is ready."""
        self._range = memory
        self._cuda = ctypes.CDLL("libcudart.so.13") if PLATFORM == "cuda" else None

    def tags(self):
        """The tags of all slots: int64 [pieces, slots]."""
        size = self._range.layout.bytes
        if self._cuda:
            content = np.empty(size, np.uint8)
            self._copy(content.ctypes.data, self._range.data, size)
        else:
            content = np.frombuffer((ctypes.c_uint8 * size).from_address(self._range.data), np.uint8)
        found = []
        for offset, stride, _ in self._range.layout.pieces:
            words = np.ndarray(self._range.slots, np.int64, content.data, offset, (stride,))
            found.append(words.copy())
        return np.array(found)

    def write(self, slots, tags):
        """Fill every piece of these slots with a tag."""
        for offset, stride, size in self._range.layout.pieces:
            for slot, tag in zip(slots, tags, strict=True):
                words = np.full(size // 8, tag, np.int64)
                to = self._range.data + offset + int(slot) * stride
                if self._cuda:
                    self._copy(to, words.ctypes.data, size)
                else:
                    ctypes.memmove(to, words.ctypes.data, size)

    def _copy(self, to, source, size):
        whatever = 4  # cudaMemcpyDefault
        code = self._cuda.cudaMemcpy(
            ctypes.c_void_p(to), ctypes.c_void_p(source), ctypes.c_size_t(size), whatever
        )
        if code != 0:
            raise RuntimeError(f"cudaMemcpy answered {code}")
