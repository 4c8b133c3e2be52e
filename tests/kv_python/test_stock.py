"""Memory that is made before it is known where it will be mapped."""

import time
import unittest

from kv_testing import MIB, KvTest, library


class Stocks(KvTest):
    def setUp(self):
        self.kv = library()
        self.layout = self.kv.layout([(0, MIB, MIB)], 32)

    def ready(self, stock, size):
        end = time.monotonic() + 60
        while stock.ready_bytes < size:
            self.assertLess(time.monotonic(), end, "it is not made")
            time.sleep(0.001)

    def test_a_range_takes_from_it(self):
        stock = self.kv.stock(16 * MIB, piece=4 * MIB)
        self.ready(stock, 16 * MIB)
        memory = self.kv.range(self.layout, 8, piece=4 * MIB, stock=stock)
        memory.wait()
        self.assertEqual(memory.ready_slots, 32)
        stock.close()
        self.kv.mover(memory).run(self.kv.residency(self.layout, 8).step(fresh=[1]))

    def test_it_may_end_while_a_range_takes_from_it(self):
        stock = self.kv.stock(24 * MIB, piece=2 * MIB)
        memory = self.kv.range(self.layout, 8, piece=2 * MIB, background=True, stock=stock)
        stock.close()
        memory.wait()
        self.assertEqual(memory.ready_bytes, memory.bytes)

    def test_what_cannot_be_is_refused(self):
        self.assert_refused(["in pieces of 3 MiB", "give a multiple"], self.kv.stock, MIB, piece=3 * MIB)
        self.assert_refused(["no place"], self.kv.stock, MIB, where="moon")
        self.assert_refused(["bytes of a stock"], self.kv.stock, -1)
        stock = self.kv.stock(MIB)
        stock.close()
        stock.close()
        self.assert_refused(["was closed"], self.kv.range, self.layout, 8, stock=stock)
        self.assert_refused(["was closed"], lambda: stock.ready_bytes)


if __name__ == "__main__":
    unittest.main()
