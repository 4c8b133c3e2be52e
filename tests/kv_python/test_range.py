"""Memory for slots: where it lies, its progress, and what is said when it runs out."""

import gc
import threading
import unittest
import weakref

from cmm.kv import MemoryFull, Staging
from kv_testing import MIB, PLATFORM, KvTest, Memory, library

fills_memory = unittest.skipUnless(PLATFORM.startswith("sim:"), "it would fill the memory of the machine")


class Ranges(KvTest):
    """Slots of 1 MiB."""

    def make(self, slots, fast, **named):
        """A range that is closed after the test."""
        made = library().range(library().layout([(0, MIB, MIB)], slots), fast, **named)
        self.addCleanup(made.close)
        return made

    def test_tells_what_it_is(self):
        memory = self.make(32, 6)
        self.assertEqual((memory.slots, memory.fast, memory.device), (32, 6, 0))
        self.assertEqual((memory.bytes, memory.ready_bytes), (32 * MIB, 32 * MIB))
        self.assertEqual((memory.ready_slots, memory.text, memory.skipped_hints), (32, "mapped memory", 0))
        self.assertEqual(memory.data % (2 * MIB), 0)
        self.assertEqual(
            memory.__cuda_array_interface__["data"] + memory.__cuda_array_interface__["shape"],
            (memory.data, False, memory.bytes),
        )

    def test_windows_of_one_number_show_the_same_memory(self):
        slots, kept, step = 256, 100, 65536
        layout = library().layout([(at * slots * step, step, step) for at in range(4)], slots)
        memory = library().range(layout, 8, staging=Staging(kept, 4 * MIB, [0, 1, 0, 1]))
        self.addCleanup(memory.close)
        first, count = memory.staged
        self.assertGreaterEqual(first, kept)
        self.assertGreaterEqual(count, 32)
        content = Memory(memory)
        content.write(range(first, first + count), range(count))
        tags = content.tags()
        tags[0] += 1000
        for piece in range(4):
            self.assertEqual(
                tags[piece, first : first + count].tolist(), [1000 * (piece == 0) + at for at in range(count)]
            )
        pages = library().residency(layout, 8, pages=kept)
        self.assertEqual(len(pages), kept)
        self.assertEqual(self.make(32, 6).staged, (0, 0))

    def test_windows_that_cannot_be_are_refused(self):
        layout = library().layout([(at * 256 * 65536, 65536, 65536) for at in range(2)], 256)
        for staging, words in (
            (Staging(100, 4 * MIB, [0]), ["1 windows", "2 pieces"]),
            (Staging(100, 3 * MIB, [0, 0]), ["multiple of 2 MiB"]),
            (Staging(4, 4 * MIB, [0, 0]), ["with 8 in HBM"]),
            (Staging(300, 4 * MIB, [0, 0]), ["300 cannot be pages"]),
            (Staging(200, 4 * MIB, [0, 0]), ["more slots"]),
            (Staging(100, -1, [0, 0]), ["bytes of a window"]),
            (Staging(100, 4 * MIB, [0, -1]), ["the number of a window"]),
        ):
            self.assert_refused(words, library().range, layout, 8, staging=staging)

    def test_grows_while_others_work(self):
        memory = self.make(256, 4, background=True, piece=2 * MIB)
        seen, done = [], threading.Event()

        def watch():
            while not done.is_set():
                seen.append(memory.ready_bytes)

        watcher = threading.Thread(target=watch)
        watcher.start()
        memory.wait(100)
        self.assertGreaterEqual(memory.ready_slots, 100)
        memory.wait()
        done.set()
        watcher.join()
        self.assertEqual(memory.ready_slots, 256)
        self.assertEqual(seen, sorted(seen))
        self.assertGreaterEqual(seen[0], 4 * MIB)
        self.assert_refused(["wait for no more"], memory.wait, 257)

    @fills_memory
    def test_a_thread_makes_what_lies_beyond(self):
        layout = library().layout([(0, 1 << 30, 1 << 30)], 4096)
        memory = library().range(layout, 1, background=True, piece=1 << 30)  # else it would be refused here
        self.addCleanup(memory.close)
        self.assertGreaterEqual(memory.ready_slots, 0)
        self.assert_refused(["host", "of the 4095 slots beyond"], memory.wait, kind=MemoryFull)
        self.assertEqual((memory.ready_slots, memory.ready_bytes), (0, 0))
        kept = library().range(layout, 1, background=True, keep_when_full=True, piece=1 << 30)
        self.addCleanup(kept.close)
        self.assert_refused(["would fit"], kept.wait, kind=MemoryFull)
        self.assertGreater(kept.ready_slots, 100)

    def test_a_place_and_others_that_reach_it(self):
        self.make(8, 4, beyond="host_numa:0", device=0)
        self.assert_refused(["no place", "nearest"], self.make, 8, 4, beyond="attic")
        self.assert_refused(["device", "5000"], self.make, 8, 4, device=5000)
        self.assert_refused(["pieces of", "no multiple"], self.make, 8, 4, piece=12345)
        self.assert_refused(["8 slots 9"], self.make, 8, 9)

    @fills_memory
    def test_the_full_memory_is_named_and_what_would_fit(self):
        layout = library().layout([(0, 1 << 30, 1 << 30)], 4096)
        for fast, words in ((4000, ["device:0", "slots in HBM"]), (1, ["host", "of the 4095 slots beyond"])):
            self.assert_refused(
                [*words, "would fit"], library().range, layout, fast, kind=MemoryFull, piece=1 << 30
            )

    def test_slots_that_fit_are_told_before(self):
        layout = library().layout([(0, MIB, MIB), (64 * MIB, MIB, MIB)], 64)
        self.assertEqual(layout.fast_within(32 * MIB), 16)
        self.assertEqual(layout.fast_within(0), 0)
        self.assertEqual(layout.fast_within(1 << 40), 64)
        self.assertEqual((layout.page_bytes, layout.bytes), (2 * MIB, 128 * MIB))

    def test_what_nobody_holds_is_given_back_in_order(self):
        memory = self.make(8, 4)
        mover = library().mover(memory)
        gone = weakref.ref(memory)
        self.doCleanups()
        del memory
        gc.collect()
        self.assertIsNone(gone(), "a closed range is kept by its mover")
        mover.close()
        memory = library().range(library().layout([(0, MIB, MIB)], 8), 4)
        mover, gone = library().mover(memory), weakref.ref(memory)
        del memory
        gc.collect()
        self.assertIsNotNone(gone(), "a mover outlives its memory")
        del mover
        gc.collect()
        self.assertIsNone(gone())

    def test_a_table_of_slots_outlives_its_residency(self):
        pages = library().residency(library().layout([(0, 64, 64)], 1 << 16), 16)
        table, gone, freed = pages.slots, weakref.ref(pages), pages._freed
        del pages
        gc.collect()
        self.assertIsNone(gone())
        self.assertTrue(freed.alive, "what is seen was freed")
        self.assertEqual((table[0], table[-1]), (0, (1 << 16) - 1))
        del table
        self.assertFalse(freed.alive, "what nobody sees is kept")


if __name__ == "__main__":
    unittest.main()
