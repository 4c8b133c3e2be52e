"""What is read from the text of a recipe: limits, and the places that it names."""

import unittest

from cmm.errors import Error
from cmm.vllm.asked.wished_recipe import wished_recipe
from cmm.vllm.planning.recipe_bounds import Bounds, bound_to_a_node, bounds, devices, nodes
from serving import GIB, ServeTest


class Text(unittest.TestCase):
    """Recipes as people and the library write them."""

    def test_a_limit_bounds_what_stands_before_it(self):
        for recipe, whole, large in (
            ("managed | stats", None, None),
            ("managed | limit{1}", 1, None),
            ("managed|limit{ .bytes = 64_GiB }|stats", 64 * GIB, None),
            ("managed | limit{bytes=1.5GiB}", 3 * GIB // 2, None),
            ("managed | limit{64GB}", 64 * 10**9, None),
            ("managed | limit{cmm::no_limit} | limit | limit{}", None, None),
            ("managed | limit{8GiB} | limit{2GiB}", 2 * GIB, None),
            ("egm | limit{8GiB} | spill{device, .headroom = 2GiB}", None, 8 * GIB),
            ("egm | spill{device, .headroom = 2GiB} | limit{8GiB}", 8 * GIB, None),
            ("egm | spill{device | limit{1GiB}, .headroom = 2GiB}", None, None),
            ("egm | limit{3GiB} | spill{device | limit{1GiB}} | limit{9GiB}", 9 * GIB, 3 * GIB),
        ):
            self.assertEqual(bounds(recipe), Bounds(whole, large), recipe)

    def test_cmm_limit_takes_the_place_of_a_limit_or_stands_behind_all(self):
        for recipe, whole, large in (
            ("managed | stats", 5, None),
            ("managed | limit{1} | stats", 5, None),
            ("managed | limit | stats", 5, None),
            ("managed | limit{no_limit}", 5, None),
            ("egm | limit{8GiB} | spill{device | limit{1GiB} | limit{2GiB}}", None, 5),
            ("egm | spill{device | limit{1GiB}}", 5, None),
        ):
            self.assertEqual(bounds(recipe, 5), Bounds(whole, large, "CMM_LIMIT"), recipe)
        with self.assertRaisesRegex(Error, "CMM_LIMIT is set, and the recipe .* has 2 limits"):
            bounds("managed | limit{1} | pool | limit{2}", 5)

    def test_nodes_and_gpus_are_named_in_two_ways(self):
        self.assertEqual(nodes("managed | prefer{host_numa:3} | egm_numa{location::host_numa(0)}"), [0, 3])
        self.assertEqual(devices("managed | prefer{device} | accessed_by{cmm::location::device(2)}"), [2])
        self.assertEqual(nodes(f"managed | prefer{{host_numa:{'9' * 5000}}}"), [1 << 62])
        self.assertEqual(nodes("managed | prefer{host_numa:0000000000000000000000001}"), [1])

    def test_a_host_without_a_number_is_bound_to_no_node(self):
        for recipe in ("managed | prefer{host} | stats", "managed", "system | stats", "managed_pool{host}"):
            self.assertFalse(bound_to_a_node(recipe), recipe)
        for recipe in (
            "managed | prefer{nearest_numa}",
            "egm | stats",
            "managed | egm_numa",
            "egm{host_numa:1}",
        ):
            self.assertTrue(bound_to_a_node(recipe), recipe)


class Asked(ServeTest):
    """A recipe as --recipe has it."""

    def test_a_long_text_is_a_recipe_and_no_name_of_a_file(self):
        long = " | ".join(["managed", *["stats"] * 60])
        self.assertGreater(len(long), 255)
        self.assertEqual(wished_recipe(long), long)
        self.assert_error(["recipe is wrong"], wished_recipe, "managed{.at = " + "x" * 300 + "}")
        self.assert_error(["recipe is wrong"], wished_recipe, "x" * 5000)

    def test_a_recommended_recipe_may_hold_a_colon(self):
        kept = self.folder / "recommendation.txt"
        kept.write_text("weights: device\nkv_cache: managed | prefer{host_numa:0} | accessed_by{device:0}\n")
        self.assertEqual(wished_recipe(str(kept)), "managed | prefer{host_numa:0} | accessed_by{device:0}")


if __name__ == "__main__":
    unittest.main()
