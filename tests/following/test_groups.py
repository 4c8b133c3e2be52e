"""What is known of each kind of layers, and what is not."""

import unittest

from cmm.vllm.following import Group, UnknownGroupError, group_of, groups_of_specs


def made(name, **fields):
    kind = type(name, (), {"block_size": 16, **fields})
    return kind()


class Groups(unittest.TestCase):
    def test_layers_that_see_all_tokens(self):
        for name in ("FullAttentionSpec", "MLAAttentionSpec"):
            self.assertEqual(group_of(made(name)), Group(16))
            self.assertEqual(group_of(made(name), dcp=4), Group(64))

    def test_layers_that_see_a_window(self):
        self.assertEqual(
            group_of(made("SlidingWindowSpec", sliding_window=128)), Group(16, silent=True, window=128)
        )
        wider = made("SlidingWindowSpec", sliding_window=128, extra_retained_tokens=7)
        self.assertEqual(group_of(wider).window, 135)
        self.assertEqual(
            group_of(made("ChunkedLocalAttentionSpec", attention_chunk_size=64)), Group(16, silent=True)
        )

    def test_states_and_what_is_written_again_are_always_kept(self):
        for name in ("MambaSpec", "CrossAttentionSpec", "CircularBufferSpec"):
            self.assertEqual(group_of(made(name)), Group(16, kept=True, silent=True))

    def test_where_the_end_of_a_hit_is_replayed_no_group_can_tell_hits_by_what_is_computed(self):
        replayed = made("SlidingWindowMLASpec", sliding_window=128, prefix_replay_tokens=128)
        kept = Group(16, kept=True, silent=True)
        self.assertEqual(groups_of_specs([made("MLAAttentionSpec"), replayed]), [kept, kept])
        self.assertEqual(
            groups_of_specs([made("MLAAttentionSpec", prefix_replay_tokens=0)] * 2), [Group(16)] * 2
        )

    def test_ranks_that_share_the_tokens_of_a_block(self):
        self.assertEqual(group_of(made("FullAttentionSpec", dcp_sharded=True), dcp=4), Group(64))
        self.assertEqual(group_of(made("FullAttentionSpec", dcp_sharded=False), dcp=4), Group(16))

    def test_layers_of_one_kind_together(self):
        alike = {"a": made("FullAttentionSpec"), "b": made("MLAAttentionSpec")}
        self.assertEqual(group_of(made("UniformTypeKVCacheSpecs", kv_cache_specs=alike)), Group(16))
        mixed = {**alike, "c": made("SlidingWindowSpec", sliding_window=8)}
        with self.assertRaisesRegex(UnknownGroupError, "mixes 2 kinds"):
            group_of(made("UniformTypeKVCacheSpecs", kv_cache_specs=mixed))

    def test_a_kind_that_nobody_knows(self):
        for name in ("HiSparseHotSpec", "FullAttention", "RSWASpec", "SinkFullAttentionSpec"):
            with self.assertRaisesRegex(UnknownGroupError, f"layers of the kind {name}"):
                group_of(made(name))

    def test_a_kind_made_from_one_that_is_known_may_mean_something_else(self):
        base = type("FullAttentionSpec", (), {"block_size": 16})
        with self.assertRaises(UnknownGroupError):
            group_of(type("HiddenStateCacheSpec", (base,), {})())


if __name__ == "__main__":
    unittest.main()
