"""Attention kernels that know nothing of cmm read KV pages by our table, wherever the pages lie."""

import os
import unittest

from world import need_gpu

SLOTS, FAST, TOKENS, HEADS, SIZE = 2048, 512, 16, 8, 64
LENGTHS = (16, 4000, 9, 2500, 1600, 4097, 333, 3000)
PAGE = TOKENS * HEADS * SIZE * 2


def setUpModule():
    need_gpu()


class Pages:
    """Keys and values of several texts in pages of which most lie beyond HBM, and the same in one piece."""

    def __init__(self):
        """Bring pages in and out until both memories hold pages of every long text."""
        import cmm.kv
        import torch

        made = os.environ.get("CMM_KV_LIBRARY")
        library = cmm.kv.load(made) if made else cmm.kv.build()
        layout = library.layout([(0, PAGE, PAGE), (SLOTS * PAGE, PAGE, PAGE)], SLOTS)
        self.memory = library.range(layout, FAST)
        self.residency = library.residency(layout, FAST, "hot_set{.half_life = 4, .gain = 1}")
        self.mover = library.mover(self.memory)
        self.device = torch.device("cuda", self.memory.device)
        shape = (2, SLOTS, TOKENS, HEADS, SIZE)
        self.keys, self.values = self._numbers(torch).view(shape)

        torch.manual_seed(1)
        counts = [-(-length // TOKENS) for length in LENGTHS]
        numbers = torch.randperm(SLOTS - 1)[: sum(counts)] + 1
        self.texts = [each.numpy().astype("int32") for each in numbers.split(counts)]
        every = numbers.numpy().astype("int32")
        self.residency.adopt(1, SLOTS - 1)
        self._run(self.residency.step(fresh=every))
        self.plain = torch.randn((2, len(every), *shape[2:]), dtype=torch.bfloat16, device=self.device)
        where = self._slots(every)
        self.keys[where], self.values[where] = self.plain[0], self.plain[1]
        for turn in range(40):
            self._run(self.residency.step(used=every[turn % 2 :: 3]))
        self.query = torch.randn((len(LENGTHS), HEADS, SIZE), dtype=torch.bfloat16, device=self.device)
        self.lengths = torch.tensor(LENGTHS, dtype=torch.int32, device=self.device)

    def table(self):
        """The slots of each text, as the cache has them: int32 [texts, pages]."""
        return self._padded([self._slots(text) for text in self.texts])

    def table_of_plain(self):
        """The same of pages that lie one behind the other."""
        import torch

        begin, rows = 0, []
        for text in self.texts:
            rows.append(torch.arange(begin, begin + len(text), device=self.device))
            begin += len(text)
        return self._padded(rows)

    def close(self):
        """Give the memory back, once nothing reads it."""
        import torch

        torch.cuda.synchronize(self.device)
        self.keys = self.values = None
        self.mover.close()
        self.memory.close()

    def _numbers(self, torch):
        content = torch.as_tensor(self.memory, device=self.device)[: 2 * SLOTS * PAGE]
        return content.view(torch.bfloat16)

    def _slots(self, pages):
        import torch

        return torch.from_numpy(self.residency.slots_of(pages).astype("int64")).to(self.device)

    def _padded(self, rows):
        import torch

        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(torch.int32)

    def _run(self, plan):
        import torch

        self.mover.run(plan, torch.cuda.current_stream(self.device).cuda_stream)


class Attention(unittest.TestCase):
    """Bit for bit what the same kernel gives over pages that lie one behind the other in HBM."""

    @classmethod
    def setUpClass(cls):
        cls.pages = Pages()

    @classmethod
    def tearDownClass(cls):
        cls.pages.close()

    def test_pages_of_the_texts_lie_in_both_memories_and_have_moved(self):
        """Else the other tests say nothing."""
        counted = self.pages.residency.counters()
        self.assertGreater(counted["pages_up"], 100)
        self.assertGreater(counted["pages_down"], 100)
        for length, text in zip(LENGTHS, self.pages.texts, strict=True):
            fast = (self.pages.residency.slots_of(text) < FAST).mean()
            if length > 1000:
                self.assertTrue(0.05 < fast < 0.95, fast)

    def test_attention_of_pytorch(self):
        import torch
        from torch.nn.functional import scaled_dot_product_attention

        given = self.pages
        for row, plain, length, query in zip(
            given.table(), given.table_of_plain(), LENGTHS, given.query, strict=True
        ):
            answers = []
            for table, keys, values in ((row, given.keys, given.values), (plain, *given.plain)):
                pages = table[: -(-length // TOKENS)]
                k, v = (each[pages].flatten(0, 1)[:length].transpose(0, 1) for each in (keys, values))
                answers.append(scaled_dot_product_attention(query[:, None], k, v))
            self.assertTrue(torch.equal(*answers), length)
            self.assertGreater(answers[0].abs().max().item(), 0)

    def test_flash_attention(self):
        try:
            from vllm.vllm_flash_attn import flash_attn_varlen_func
        except ImportError as error:
            self.skipTest(f"left out: FlashAttention comes with vLLM, and it cannot be had: {error}")
        import torch

        given = self.pages
        starts = torch.arange(len(LENGTHS) + 1, dtype=torch.int32, device=given.device)

        def attend(table, keys, values):
            return flash_attn_varlen_func(
                given.query,
                keys,
                values,
                max_seqlen_q=1,
                cu_seqlens_q=starts,
                max_seqlen_k=max(LENGTHS),
                seqused_k=given.lengths,
                block_table=table,
                causal=True,
                fa_version=3 if torch.cuda.get_device_capability(given.device)[0] == 9 else 2,
            )

        ours = attend(given.table(), given.keys, given.values)
        self.assertTrue(torch.equal(ours, attend(given.table_of_plain(), *given.plain)))
        self.assertFalse(torch.equal(ours, attend(given.table().flip(1), given.keys, given.values)))

    def test_flashinfer(self):
        try:
            import flashinfer
        except ImportError as error:
            self.skipTest(f"left out: FlashInfer cannot be had: {error}")
        import torch

        given = self.pages
        counts = torch.tensor([len(text) for text in given.texts], dtype=torch.int32)
        starts = torch.cat([torch.zeros(1, dtype=torch.int32), counts.cumsum(0).to(torch.int32)])
        last = torch.tensor([(length - 1) % TOKENS + 1 for length in LENGTHS], dtype=torch.int32)
        room = torch.empty(128 << 20, dtype=torch.uint8, device=given.device)

        def attend(table, keys, values):
            flat = torch.cat([row[:count] for row, count in zip(table, counts, strict=True)])
            wrapper = flashinfer.BatchDecodeWithPagedKVCacheWrapper(room, "NHD")
            wrapper.plan(
                starts.to(given.device),
                flat,
                last.to(given.device),
                HEADS,
                HEADS,
                SIZE,
                TOKENS,
                q_data_type=torch.bfloat16,
                kv_data_type=torch.bfloat16,
            )
            return wrapper.run(given.query, (keys, values))

        ours = attend(given.table(), given.keys, given.values)
        self.assertTrue(torch.equal(ours, attend(given.table_of_plain(), *given.plain)))


if __name__ == "__main__":
    unittest.main()
