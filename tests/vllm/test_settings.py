"""What the worker is told, and what of it is refused."""

import unittest

from cmm.errors import Error
from cmm.size import format_size
from cmm.vllm.settings import RECIPE, VARIABLES, places_blocks, read_settings

GIB = 1 << 30


class Settings(unittest.TestCase):
    def refused(self, config, environment=None):
        with self.assertRaises(Error) as caught:
            read_settings(config, environment or {})
        return str(caught.exception)

    def test_without_any(self):
        for config in ({}, None, object(), {"other": 1}):
            told = read_settings(config, {})
            self.assertEqual((told.recipe, told.large_bytes, told.hbm_bytes), (RECIPE, 0, None))

    def test_a_recipe_or_a_library_is_the_memory_unless_something_else_is_said(self):
        self.assertEqual(read_settings({}, {}).memory, "tiered")
        self.assertEqual(read_settings({}, {"CMM_RECIPE": "managed"}).memory, "recipe")
        self.assertEqual(read_settings({"cmm": {"library": "a.so"}}, {}).memory, "recipe")
        both = {"cmm": {"recipe": "managed", "memory": "tiered"}}
        self.assertEqual(read_settings(both, {}).memory, "tiered")

    def test_those_of_the_command_come_first(self):
        told = read_settings(
            {"cmm": {"large_bytes": "2GiB"}}, {"CMM_LARGE_BYTES": "1GiB", "CMM_RECIPE": "egm"}
        )
        self.assertEqual((told.large_bytes, told.recipe), (2 * GIB, "egm"))

    def test_every_setting_has_a_variable(self):
        values = {"recipe": "managed", "library": "a.so", "report_seconds": "1.5", "blocks": "careful"}
        values |= {"memory": "recipe", "watermark": "0.75"}
        numbers = {"report_seconds": 1.5, "watermark": 0.75}
        for name, variable in VARIABLES.items():
            value = values.get(name, "3MiB")
            told = getattr(read_settings({}, {variable: value}), name)
            self.assertEqual(told, (values | numbers).get(name, 3 << 20))

    def test_bad_ones_are_named(self):
        self.assertIn("no setting 'large'", self.refused({"cmm": {"large": 1}}))
        self.assertIn("write an object", self.refused({"cmm": "64GiB"}))
        self.assertIn("CMM_LARGE_BYTES is 'plenty'", self.refused({}, {"CMM_LARGE_BYTES": "plenty"}))
        self.assertIn('"hbm_bytes" in --additional-config is -1', self.refused({"cmm": {"hbm_bytes": -1}}))
        self.assertIn("True", self.refused({"cmm": {"large_bytes": True}}))
        for seconds in ("-1", "soon", "nan"):
            self.assertIn("write seconds", self.refused({}, {"CMM_REPORT_SECONDS": seconds}))
        for part in ("-0.1", "1", "much", "nan"):
            self.assertIn("write a part of all blocks", self.refused({}, {"CMM_WATERMARK": part}))
        self.assertIn("write one of follow, fixed, careful", self.refused({"cmm": {"blocks": "move"}}))
        self.assertIn("write one of tiered, recipe", self.refused({"cmm": {"memory": "host"}}))
        self.assertIn("leave one out", self.refused({"cmm": {"recipe": "managed", "library": "a.so"}}))
        self.assertIn("write a text", self.refused({"cmm": {"recipe": " "}}))


class Sizes(unittest.TestCase):
    def test_told(self):
        told = {0: "0", 17: "17 B", 1536: "1.5 KiB", 64 * GIB: "64 GiB", 3 << 40: "3072 GiB"}
        for size, text in told.items():
            self.assertEqual(format_size(size), text)


class Placing(unittest.TestCase):
    def test_is_for_managed_memory_whose_pages_take_advice(self):
        for recipe in (RECIPE, "managed", " managed{.at = host} | stats", "managed|pool"):
            self.assertTrue(places_blocks(recipe), recipe)
        for recipe in ("device | stats", "managed_pool | stats", "managed | spill{device{}}", "system"):
            self.assertFalse(places_blocks(recipe), recipe)


if __name__ == "__main__":
    unittest.main()
