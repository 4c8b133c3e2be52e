"""`residency` says where pages are; `prefetch`, `advise` and `discard` move them there."""

import unittest

from libraries import library
from world import MIB, need_gpu, play

SIZE = 64 * MIB


def look(here) -> dict:
    import cmm.torch
    import torch

    allocators = {name: library(name) for name in ("pool", "untouched", "remote")}
    pool = allocators["pool"]

    def bytes_of(name):
        with cmm.torch.use_pool(allocators[name]):
            return torch.empty(SIZE, dtype=torch.uint8, device="cuda")

    def where(tensor, name="pool"):
        torch.cuda.synchronize()
        return cmm.torch.residency(tensor, allocators[name])

    seen, stream = {}, torch.cuda.Stream()
    resident = bytes_of("pool")
    seen["prefetched"] = where(resident)
    resident.fill_(1)
    seen["written"] = where(resident)
    cmm.torch.prefetch(resident[: SIZE // 2], "host", alloc=pool)
    seen["half"] = where(resident)
    seen["first_half"] = where(resident[: SIZE // 2])
    seen["second_half"] = where(resident[SIZE // 2 :])
    seen["half_intact"] = int(resident.sum(dtype=torch.int64))
    with torch.cuda.stream(stream):
        cmm.torch.prefetch(resident, "device:0", stream, alloc=pool)
    seen["back"] = where(resident)
    cmm.torch.discard(resident, stream, alloc=pool)
    seen["discarded"] = where(resident)

    halves = [resident[: SIZE // 2], resident[SIZE // 2 :]]
    cmm.torch.prefetch_batch(halves, "host", stream, alloc=pool)
    seen["batch_on_the_host"] = where(resident)
    cmm.torch.discard_batch(halves[:1], alloc=pool)
    seen["half_dropped"] = where(resident)
    cmm.torch.discard_batch(halves, stream, to="device", alloc=pool)
    seen["dropped_and_back"] = where(resident)

    with cmm.torch.use_pool(pool):
        large = torch.zeros(512 * MIB, dtype=torch.uint8, device="cuda")
    torch.ones(512 * MIB, dtype=torch.uint8, device="cuda").add_(1)
    seen["cold"] = where(large[256 * MIB : 256 * MIB + 65536])
    cmm.torch.prefetch(large[256 * MIB :], "host", alloc=pool)
    seen["cold_on_the_host"] = where(large[384 * MIB : 384 * MIB + 65536])
    del large

    untouched = bytes_of("untouched")
    seen["untouched"] = where(untouched, "untouched")

    remote = bytes_of("remote")
    remote.fill_(3)
    seen["remote"] = where(remote, "remote")
    seen["remote_sum"] = int(remote.sum(dtype=torch.int64))
    seen["remote_after_reading"] = where(remote, "remote")

    advised = bytes_of("pool")
    cmm.torch.advise(advised, "preferred_location", "host", alloc=pool)
    cmm.torch.advise(advised, "accessed_by", "device:0", alloc=pool)
    cmm.torch.prefetch(advised, "host", alloc=pool)
    advised.fill_(1)
    seen["advised"] = where(advised)
    cmm.torch.advise(advised, "preferred_location", unset=True, alloc=pool)
    cmm.torch.advise(advised, "accessed_by", "device:0", unset=True, alloc=pool)
    cmm.torch.prefetch(advised, "device:0", alloc=pool)
    seen["advice_taken_back"] = where(advised)
    cmm.torch.advise(advised, "read_mostly", alloc=pool)
    cmm.torch.advise(advised, "read_mostly", unset=True, alloc=pool)
    return seen


class Residency(unittest.TestCase):
    """Shares of a tensor of 64 MiB."""

    @classmethod
    def setUpClass(cls):
        cls.seen = play(look, "native").value()

    def is_at(self, name, **shares):
        seen = {}
        for place, share in self.seen[name].items():
            kind = place.split(":")[0].removesuffix("_numa")
            seen[kind] = seen.get(kind, 0.0) + share
        self.assertEqual({kind: share for kind, share in seen.items() if share}, shares, name)

    def test_resident(self):
        for name in ("prefetched", "written", "back", "second_half", "dropped_and_back"):
            self.is_at(name, device=1.0)

    def test_memory_that_no_cache_of_the_gpu_holds(self):
        self.is_at("cold", device=1.0)
        self.is_at("cold_on_the_host", host=1.0)

    def test_remote(self):
        self.is_at("remote", host=1.0)
        self.is_at("remote_after_reading", host=1.0)
        self.assertEqual(self.seen["remote_sum"], 3 * SIZE)

    def test_half_migrated(self):
        self.is_at("half", device=0.5, host=0.5)
        self.is_at("first_half", host=1.0)
        self.assertEqual(self.seen["half_intact"], SIZE)

    def test_discarded_or_never_touched(self):
        self.is_at("discarded", none=1.0)
        self.is_at("untouched", none=1.0)

    def test_many_in_one_call(self):
        self.is_at("batch_on_the_host", host=1.0)
        self.is_at("half_dropped", none=0.5, host=0.5)

    def test_advice(self):
        self.is_at("advised", host=1.0)
        self.is_at("advice_taken_back", device=1.0)


def setUpModule():
    need_gpu()


if __name__ == "__main__":
    unittest.main()
