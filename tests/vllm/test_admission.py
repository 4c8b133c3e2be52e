"""Which requests run at once: what vLLM is told, and what the plan says of it."""

import json
import shlex
import unittest

from cmm.vllm.asked.arguments import Arguments
from cmm.vllm.asked.command import vllm_arguments
from cmm.vllm.planning.admission import Admission, admission, check_asked, host_part, token_bytes, tokens_told
from cmm.vllm.planning.plan import Wishes, make_plan
from serving import GIB, ServeTest, machine

PCIE, C2C = "h200-pcie", "gh200-480"
LLAMA = {
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
}


def plan(name, **wishes):
    return make_plan(machine(name), Wishes(**wishes))


def decide(name, asked="auto", weights=16 * GIB, given=None, has_option=True, scheduler=None, **wishes):
    made = plan(name, weights=weights, **wishes)
    return admission(made, asked, weights, given=given, has_option=has_option, scheduler=scheduler)


class Decided(ServeTest):
    def test_by_the_link(self):
        self.assertIsNotNone(decide(PCIE).watermark)
        self.assertIsNone(decide(C2C).watermark)

    def test_as_asked(self):
        self.assertIsNone(decide(PCIE, "all").watermark)
        self.assertIsNotNone(decide(C2C, "fast").watermark)
        self.assertEqual(decide(C2C, "fast").reason, ("asked", "--admit fast"))

    def test_running_requests_fit_in_hbm(self):
        for name in (PCIE, C2C):
            for wishes in ({}, {"kv_bytes": 150 * GIB}):
                made = plan(name, weights=16 * GIB, **wishes)
                in_hbm = made.hbm_bytes - 20 * GIB  # and 4 GiB for activations
                whole = made.kv_bytes or in_hbm + made.large_bytes
                part = host_part(made, 16 * GIB)
                self.assertLessEqual(whole * (1 - part), in_hbm)
                self.assertGreater(whole * (1 - part + 0.002), in_hbm)

    def test_a_cache_that_fits_in_hbm_admits_all(self):
        self.assertIsNone(decide(PCIE, kv_bytes=20 * GIB).watermark)
        self.assertEqual(decide("gb10").text, "")

    def test_the_users_own_option_wins(self):
        made = decide(PCIE, given="0.1")
        self.assertEqual((made.watermark, made.text), (None, "as --watermark 0.1 says"))

    def test_a_vllm_without_the_option_gets_a_scheduler(self):
        made = decide(PCIE, has_option=False)
        self.assertEqual((made.watermark, made.kept), (None, decide(PCIE).watermark))
        self.assertIn("as this vLLM has no --watermark", made.text)
        self.assertIsNone(decide(PCIE).kept)
        for name, asked in ((PCIE, "all"), (C2C, "auto")):
            self.assertIsNone(decide(name, asked, has_option=False).kept)

    def test_a_vllm_without_the_option_and_with_a_scheduler_of_the_user(self):
        quiet, asked = (
            decide(PCIE, each, has_option=False, scheduler="their.Scheduler") for each in ("auto", "fast")
        )
        self.assertEqual((quiet.watermark, asked.watermark, quiet.kept, asked.kept), (None,) * 4)
        self.assertEqual(quiet.warning, "")
        self.assertIn("has no --watermark", asked.warning)
        self.assertIn("has no --watermark, and --scheduler-cls names their.Scheduler", quiet.reason[1])

    def test_weights_that_are_not_known_are_said(self):
        self.assertIn("the weights are not known", decide(PCIE, weights=0).text)
        self.assertNotIn("not known", decide(PCIE).text)

    def test_another_word(self):
        self.assertEqual(check_asked(None), "auto")
        self.assert_error(["--admit is 'some'", "write all"], check_asked, "some")


class Tokens(ServeTest):
    def model(self, **told):
        (self.folder / "config.json").write_text(json.dumps(told))
        return str(self.folder)

    def test_of_a_model_that_says_what_a_token_takes(self):
        self.assertEqual(token_bytes(self.model(**LLAMA), 1), 128 << 10)
        self.assertEqual(token_bytes(self.model(**LLAMA), 2), 64 << 10)
        self.assertEqual(token_bytes(self.model(text_config=LLAMA), 1), 128 << 10)
        self.assertEqual(token_bytes(self.model(**LLAMA, head_dim=256), 1), 256 << 10)
        latent = {"num_hidden_layers": 61, "kv_lora_rank": 512, "qk_rope_head_dim": 64}
        self.assertEqual(token_bytes(self.model(**latent), 8), 61 * 576 * 2)

    def test_of_one_that_does_not(self):
        for told in ({}, {**LLAMA, "layer_types": ["full_attention"]}, {**LLAMA, "num_attention_heads": 0}):
            self.assertEqual(token_bytes(self.model(**told), 1), 0)
        self.assertEqual(token_bytes(None, 1), 0)
        self.assertEqual(token_bytes("org/model", 1), 0)
        (self.folder / "config.json").write_text("{")
        self.assertEqual(token_bytes(str(self.folder), 1), 0)

    def test_a_context_may_be_longer_than_hbm(self):
        made = plan(PCIE, weights=16 * GIB, kv_bytes=200 * GIB)
        told = tokens_told(made, 16 * GIB, self.model(**LLAMA), 1)
        in_hbm = (made.hbm_bytes - 20 * GIB) // (128 << 10)
        self.assertIn(f"about 1,638,400 tokens, {in_hbm:,} of them in HBM", told)
        self.assertEqual(tokens_told(made, 0, "org/model", 1), "")


class Command(ServeTest):
    def words(self, *arguments, name=PCIE):
        return shlex.split(self.plan_of(name, *arguments).splitlines()[-1])

    def test_vllm_is_told(self):
        words = self.words()
        self.assertRegex(words[words.index("--watermark") + 1], r"0\.\d+")
        self.assertNotIn("--watermark", self.words("--admit", "all"))
        self.assertNotIn("--watermark", self.words(name=C2C))
        self.assertIn("--watermark", self.words("--admit", "fast", name=C2C))

    def test_a_scheduler_stands_for_an_option_that_vllm_has_not(self):
        made = plan(PCIE, weights=16 * GIB)
        words = vllm_arguments(Arguments(["MODEL"]), made, Admission(kept=0.75))
        self.assertEqual(words[words.index("--scheduler-cls") + 1], "cmm.vllm.scheduler.within_hbm")
        self.assertEqual(json.loads(words[-1])["cmm"]["watermark"], 0.75)
        self.assertNotIn("--watermark", words)
        plain = vllm_arguments(Arguments(["MODEL"]), made, Admission(watermark=0.75))
        self.assertNotIn("--scheduler-cls", plain)
        self.assertNotIn("watermark", json.loads(plain[-1])["cmm"])

    def test_the_users_own_stands_alone(self):
        words = self.words("--watermark", "0.1")
        self.assertEqual(words.count("--watermark"), 1)
        self.assertEqual(words[words.index("--watermark") + 1], "0.1")

    def test_where_blocks_keep_their_places_it_is_said_and_all_are_admitted(self):
        copies = {"kv_connector": "OffloadingConnector", "kv_role": "kv_both"}
        many = {"kv_connector": "MultiConnector", "kv_connector_extra_config": {"connectors": [copies]}}
        for words, *more in (
            ("the KV connector OffloadingConnector", "--kv-transfer-config", json.dumps(copies)),
            ("the KV connector MultiConnector", "--kv-transfer-config", json.dumps(many)),
            ("--kv-offloading-size", "--kv-offloading-size", "8"),
            ("Ray", "--distributed-executor-backend", "ray"),
        ):
            with self.subTest(words):
                plan = " ".join(self.plan_of(PCIE, *more).split())
                self.assertIn(f"Blocks keep their places, because {words}", plan)
                self.assertNotIn("--watermark", plan)
                self.assertIn("fewer would not bring blocks that keep their places to HBM", plan)
                self.assertIn("--watermark", self.plan_of(PCIE, *more, "--admit", "fast"))
        plan = " ".join(self.plan_of(PCIE, CMM_BLOCKS="fixed").split())
        self.assertIn('Blocks keep their places, because the setting "blocks" says so', plan)
        self.assertNotIn("Blocks keep their places", " ".join(self.plan_of(PCIE).split()))

    def test_a_word_that_is_none_is_refused(self):
        done = self.serve("MODEL", "--dry-run", "--admit", "some")
        self.assert_refused(["--admit is 'some'"], done)

    def test_memory_is_one_range_where_one_node_has_it(self):
        told = json.loads(self.words()[-1])["cmm"]
        self.assertEqual(told["memory"], "tiered")
        told = json.loads(self.words("--recipe", "managed | prefer{host}")[-1])["cmm"]
        self.assertNotIn("memory", told)
        told = json.loads(self.words("--kv-bytes", "1500GiB", name="dgx-h100")[-1])["cmm"]
        self.assertNotIn("memory", told, "more than one node has")


if __name__ == "__main__":
    unittest.main()
