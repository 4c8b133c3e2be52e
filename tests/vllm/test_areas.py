"""Which bytes of a KV cache belong to its first blocks, in the layouts of vLLM."""

import itertools
import random
import unittest

from cmm.vllm.worker.areas import PAGE, block_areas, length, merged, rest_of, sample, whole_pages


def bytes_of_blocks(shape, strides, item, across, per_block, first):
    """Byte by byte, by walking over all elements."""
    found = set()
    for at in itertools.product(*map(range, shape)):
        if at[across] // per_block < first:
            start = sum(index * stride for index, stride in zip(at, strides, strict=True)) * item
            found.update(range(start, start + item))
    return found


def contiguous(shape):
    strides, size = [], 1
    for each in reversed(shape):
        strides.insert(0, size)
        size *= each
    return strides


class BlockAreas(unittest.TestCase):
    def check(self, shape, strides, across, per_block=1, item=2):
        blocks = shape[across] // per_block
        for first in range(blocks + 1):
            areas = block_areas(shape, strides, item, blocks, first)
            covered = set(itertools.chain.from_iterable(itertools.starmap(range, areas)))
            wanted = bytes_of_blocks(shape, strides, item, across, per_block, first)
            self.assertLessEqual(wanted, covered, (shape, first))
            self.assertEqual(areas, merged(areas))
            if strides == contiguous(shape):
                self.assertEqual(wanted, covered, (shape, first))

    def test_keys_and_values_apart(self):
        shape = (2, 11, 4, 3, 5)
        self.check(shape, contiguous(shape), across=1)

    def test_keys_and_values_of_a_block_together(self):
        shape = (11, 2, 4, 3, 5)
        self.check(shape, contiguous(shape), across=0)

    def test_several_blocks_of_a_kernel_in_one(self):
        shape = (2, 22, 2, 3, 5)
        self.check(shape, contiguous(shape), across=1, per_block=2)

    def test_heads_before_the_tokens_of_a_block(self):
        self.check((11, 4, 3, 5), [60, 5, 20, 1], across=0)

    def test_layers_between_the_blocks(self):
        self.check((11, 4, 5), [60, 5, 1], across=0)

    def test_a_tensor_without_a_dimension_of_blocks(self):
        self.assertEqual(block_areas((7, 3), (3, 1), 2, 11, 4), [])


class Ranges(unittest.TestCase):
    def test_neighbours_become_one(self):
        self.assertEqual(merged([(4, 6), (0, 2), (2, 3), (5, 9)]), [(0, 3), (4, 9)])

    def test_only_whole_pages_stay(self):
        areas = [(0, PAGE), (PAGE + 5, 4 * PAGE + 5), (5 * PAGE, 5 * PAGE + 7)]
        self.assertEqual(whole_pages(areas, 0), [(0, PAGE), (2 * PAGE, 4 * PAGE)])
        self.assertEqual(whole_pages([(0, 2 * PAGE)], 4096), [(PAGE - 4096, 2 * PAGE - 4096)])

    def test_the_rest_and_the_ranges_are_all(self):
        areas = [(3, 5), (8, 10)]
        self.assertEqual(rest_of(areas, 12), [(0, 3), (5, 8), (10, 12)])
        self.assertEqual(length(areas) + length(rest_of(areas, 12)), 12)
        self.assertEqual(rest_of([], 12), [(0, 12)])
        self.assertEqual(rest_of([(0, 12)], 12), [])


class Sample(unittest.TestCase):
    def test_one_in_each_equal_part(self):
        self.assertEqual(list(sample([4, 0, 8], 3, lambda: 0.0)), [(0, 0), (2, 0), (2, 4)])
        self.assertEqual(list(sample([4, 0, 8], 3, lambda: 0.999)), [(0, 3), (2, 3), (2, 7)])

    def test_nothing_to_look_at(self):
        self.assertEqual(list(sample([], 3, lambda: 0.5)), [])
        self.assertEqual(list(sample([0, 0], 3, lambda: 0.5)), [])

    def test_what_repeats_in_the_ranges_does_not_repeat_in_the_sample(self):
        draw = random.Random(1).random
        layers = [1000] * 16
        late = sum(at >= 250 for _ in range(100) for _, at in sample(layers, 32, draw))
        self.assertAlmostEqual(late / 3200, 0.75, delta=0.03)


if __name__ == "__main__":
    unittest.main()
