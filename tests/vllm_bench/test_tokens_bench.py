"""The comparison of tokens: what each server is told, and that other tokens are noticed."""

import argparse
import contextlib
import io
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "bench" / "vllm")]

import tokens  # noqa: E402
import turns  # noqa: E402
from tier_kinds import engine_arguments  # noqa: E402


class Told(unittest.TestCase):
    def arguments(self, kind, name):
        case = tokens.CASES[name]
        return engine_arguments(tokens.settings(kind, case, tokens.asked(case)), "model")

    def test_all_have_as_many_blocks(self):
        for name in tokens.CASES:
            sizes = {self.arguments(kind, name)["kv_cache_memory_bytes"] for kind in tokens.KINDS}
            self.assertEqual(sizes, {tokens.HBM + tokens.HOST})

    def test_blocks_follow_or_are_copied_carefully(self):
        self.assertNotIn("worker_cls", self.arguments("stock", "plain"))
        for kind, blocks in (("following", "follow"), ("careful", "careful")):
            told = self.arguments(kind, "plain")["additional_config"]["cmm"]
            self.assertEqual((told["blocks"], told["hbm_bytes"]), (blocks, tokens.HBM))

    def test_a_case_reaches_vllm(self):
        self.assertEqual(self.arguments("following", "ngram")["speculative_config"], tokens.NGRAM)
        self.assertFalse(self.arguments("stock", "no-caching")["enable_prefix_caching"])
        self.assertEqual(self.arguments("stock", "tp2")["tensor_parallel_size"], 2)

    def test_more_run_at_once_than_there_are_blocks_for(self):
        for name, case in tokens.CASES.items():
            with self.subTest(name):
                whole = (tokens.HBM + tokens.HOST) // case.token_bytes
                crowded = next(load for load in tokens.asked(case) if load.name == "over")
                self.assertGreater(min(crowded.at_once, 64) * crowded.longest, whole)

    def test_models_with_states_and_with_windows_are_among_them(self):
        self.assertEqual(self.arguments("following", "hybrid")["mamba_cache_mode"], "align")
        hybrid, mixed = tokens.HYBRID, tokens.MIXED
        heads = hybrid["mamba_n_heads"] * hybrid["mamba_d_head"]
        self.assertEqual(heads, hybrid["mamba_d_ssm"])
        channels = heads + 2 * hybrid["mamba_n_groups"] * hybrid["mamba_d_state"]
        state = 2 * (heads * hybrid["mamba_d_state"] + (hybrid["mamba_d_conv"] - 1) * channels)
        self.assertLessEqual(state, 32 * tokens.token_bytes({**hybrid, "num_hidden_layers": 1}, 1))
        self.assertEqual(len(mixed["layer_types"]), mixed["num_hidden_layers"])
        self.assertEqual(mixed["layer_types"].count("full_attention"), tokens.CASES["mixed"].cached)


class Refused(unittest.TestCase):
    def test_a_server_that_vllm_refuses_is_asked_no_more(self):
        with tempfile.TemporaryDirectory() as folder:
            server = Path(folder, "server.py")
            server.write_text(
                "import sys\nfor line in sys.stdin:\n"
                """    print('{"refused": "it cannot be"}' if line == "start\\n" else 1 / 0, flush=True)\n"""
            )
            options = argparse.Namespace(server=server, exact=False)
            with self.assertRaisesRegex(turns.Failure, "stock with plain was refused: it cannot be"):
                tokens.digests("stock", "plain", options)


class Judged(unittest.TestCase):
    def run_(self, found):
        said = io.StringIO()
        with (
            mock.patch.object(tokens, "digests", lambda kind, name, options: found(kind)),
            mock.patch.object(sys, "argv", ["tokens", "--cases", "plain,tp2"]),
            contextlib.redirect_stdout(said),
        ):
            return tokens.main(), said.getvalue()

    def answer(self, staged=0, **other):
        """Tokens of all, but for those that are named."""
        same = {"returning": "a", "over": "b"}
        return lambda kind: tokens.Seen(same | other.get(kind.replace(" ", "_"), {}), 3, staged)

    def test_the_same_tokens(self):
        status, said = self.run_(self.answer())
        self.assertEqual((status, said.count("the same tokens; preempted 3, 3, 3, 3")), (0, 2))

    def test_what_was_staged_is_told(self):
        _, said = self.run_(self.answer(staged=3 << 20))
        self.assertIn("preempted 3, 3, 3, 3; 3 MiB staged", said)

    def test_a_context_longer_than_hbm_holds_is_among_what_is_asked(self):
        for case in tokens.CASES.values():
            (long,) = (load for load in tokens.asked(case) if load.name == "long")
            self.assertGreater(long.longest * case.token_bytes, 1.9 * tokens.HBM)

    def test_other_tokens_of_one_server(self):
        for wrong in ("following", "careful"):
            status, said = self.run_(self.answer(**{wrong: {"over": "c"}}))
            self.assertEqual(status, 1)
            self.assertIn(f"OTHER TOKENS: {wrong} in over;", said)

    def test_stock_that_differs_from_itself_decides_nothing(self):
        status, said = self.run_(self.answer(stock_again={"over": "c"}))
        self.assertEqual(status, 1)
        self.assertIn("UNDECIDED: stock vLLM differs from itself in over;", said)

    def test_what_did_not_run(self):
        def refuse(kind):
            raise turns.Failure("no GPU")

        status, said = self.run_(refuse)
        self.assertEqual((status, said.count("NOT RUN: no GPU")), (1, 2))


if __name__ == "__main__":
    unittest.main()
