"""Text from outside that nobody expects: refused or escaped, never a traceback."""

import json
import os
import subprocess
import sys
import unittest

from cmm.building.compiler import find_compiler
from cmm.building.recipe import recommended_recipe
from cmm.printable import printable
from cmm.vllm.asked.arguments import Arguments
from cmm.vllm.asked.checks import check_port, weights_bytes
from cmm.vllm.machine.host_taken import host_taken, host_taken_warnings
from cmm.vllm.machine.probing import gpu_users
from cmm.vllm.planning.admission import token_bytes
from serving import GIB, MACHINES, ServeTest, answer

DEEP = "[" * 100_000
DIGITS = "1" * 5000


class Odd(ServeTest):
    """Each as the command meets it."""

    def dry(self, *arguments, **variables):
        """A dry run for a GH200."""
        root = [] if "--probe" in arguments or "--root" in arguments else ["--root", MACHINES / "gh200-480"]
        return self.serve("MODEL", "--dry-run", *root, *arguments, **variables)

    def test_json_that_is_nested_deeply_or_has_odd_numbers(self):
        for option in ("--additional-config", "--kv-transfer-config"):
            self.assert_refused([option, "nested too deeply"], self.dry(option, DEEP))
        kept = self.folder / "answer.json"
        for text, words in (
            (DEEP, ["nested too deeply"]),
            (b"\xff\xfe", ["cannot be read"]),
            (DIGITS, ["no JSON"]),
            ("NaN", ['no "schema"']),
        ):
            kept.write_bytes(text if isinstance(text, bytes) else text.encode())
            self.assert_refused(words, self.dry("--probe", kept))
        for value in ("1e999", '"\\u00b2"', "[]", "true", '"64"', "-1", "null", "{}"):
            told = json.dumps(answer("gh200-480"))
            free = f'"free_bytes": {answer("gh200-480")["nodes"][0]["free_bytes"]}'
            self.assertIn(free, told)
            kept.write_text(told.replace(free, f'"free_bytes": {value}'))
            self.assertNotIn("Traceback", self.dry("--probe", kept).stderr, value)

    def test_numbers_that_are_none(self):
        for text in ("\u00b2", DIGITS, "\u0663", "-1", "0x0"):
            self.assert_refused(["CUDA_VISIBLE_DEVICES is"], self.dry(CUDA_VISIBLE_DEVICES=text))
            self.assert_error(["--port is"], check_port, Arguments(["MODEL", f"--port={text}"]))
            self.assert_error(["-size is"], Arguments([f"--tensor-parallel-size={text}"]).gpus)
            self.assert_error(["--cpu-offload-gb is"], host_taken, Arguments([f"--cpu-offload-gb={text}"]))
            self.assert_refused(["--kv-bytes is"], self.dry(f"--kv-bytes={text}PiB"))
            self.assert_refused(["-memory-bytes is"], self.dry(f"--kv-cache-memory-bytes={text}x"))

    def test_a_compiler_that_cannot_be_read(self):
        for variable in ("g++ '", 'ccache "g++'):
            done = self.dry("--recipe", "managed", CXX=variable)
            self.assert_refused(["the compiler", "No closing quotation"], done)
        odd = self.folder / "odd"
        odd.write_bytes(b"\x7fELF")
        odd.chmod(0o755)
        self.assert_error(["no C++ compiler"], find_compiler, str(odd))
        adapter = [sys.executable, "-Bm", "cmm.adapter", "--recipe", "managed", "--print-source"]
        done = subprocess.run(
            [*adapter, "--flags='"], capture_output=True, text=True, env=self.environment, check=False
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("--flags", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_files_that_may_never_end(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, "/dev/zero", "/dev/null", self.folder):
            self.assert_refused(
                [str(path), "give what tools/probe --json printed"],
                self.serve("MODEL", "--dry-run", "--probe", path),
            )
        self.assert_error(["is no regular file", "recommendation.txt"], recommended_recipe, pipe, "weights")
        model = self.folder / "model"
        model.mkdir()
        os.mkfifo(model / "config.json")
        done = self.serve(model, "--dry-run", "--root", MACHINES / "gh200-480")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_model_whose_config_is_odd_shows_no_size_of_a_token(self):
        shape = '"num_attention_heads": 8, "num_key_value_heads": 8, "hidden_size": 64'
        for text in (
            DEEP,
            "5",
            '{"text_config": "abc"}',
            '{"text_config": 7}',
            f'{{"num_hidden_layers": 1e999, {shape}}}',
            f'{{"num_hidden_layers": -3, {shape}}}',
            f'{{"num_hidden_layers": "x", {shape}}}',
            '{"num_hidden_layers": 2, "kv_lora_rank": "x"}',
        ):
            (self.folder / "config.json").write_text(text)
            self.assertEqual(token_bytes(str(self.folder), 1), 0, text[:40])
        (self.folder / "config.json").write_text(f'{{"num_hidden_layers": 2, {shape}}}')
        self.assertEqual(token_bytes(str(self.folder), 1), 2 * 2 * 8 * 8 * 2)

    def test_names_with_escape_sequences_are_printed_as_text(self):
        escape = "\x1b[31mred\n"
        self.assertEqual(printable(escape + "\u00e9\udcff"), "\\x1b[31mred\\n\u00e9\\udcff")
        told = answer("gh200-480")
        told["gpus"][0]["name"] = escape
        kept = self.folder / "answer.json"
        kept.write_text(json.dumps(told))
        done = self.dry("--probe", kept, "--note", escape)
        self.assertNotIn("\x1b", done.stdout)
        self.assertIn("GPU 0: \\x1b[31mred\\n", done.stdout)
        command = done.stdout.splitlines()[-1]
        read = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True)
        self.assertIn(escape.encode(), read.stdout.split(b"\0"))
        refused = self.dry("--root", f"/{escape}")
        self.assert_refused(["\\x1b[31mred\\n"], refused)

    def test_names_that_are_no_utf8_or_too_long(self):
        odd = os.fsdecode(b"m\xff")
        self.assertIn("$'m\\xff'", self.plan_of("gh200-480", "--served-model-name", odd))
        plain = self.plan_of("gh200-480", "--served-model-name", "\u00e9", PYTHONIOENCODING="ascii")
        self.assertIn("--served-model-name", plain)
        self.assertEqual(weights_bytes(Arguments(["m" * 5000])), 0)
        self.assert_refused(["is no folder"], self.dry("--root", "r" * 5000))

    def test_a_root_that_is_empty(self):
        self.assert_refused(["--root is empty"], self.dry("--root", ""))

    def test_an_nvidia_smi_that_says_nonsense(self):
        smi = self.folder / "nvidia-smi"
        before = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", before)
        os.environ["PATH"] = str(self.folder) + os.pathsep + before
        smi.write_bytes(b"\x7fELF")
        smi.chmod(0o755)
        self.assertEqual(gpu_users(), {})
        smi.write_text("#!/bin/sh\nprintf '00000009:01:00.0, 7, /tmp/\\377, 5 MiB\\nodd\\n'\n")
        self.assertEqual(list(gpu_users()), ["0009:01:00.0"])


class HostTaken(ServeTest):
    """Host memory that other options of vLLM take."""

    def taken(self, *given):
        """In GiB, for each GPU."""
        return host_taken(Arguments(["MODEL", *given])) / GIB

    def test_is_counted_for_each_gpu(self):
        self.assertEqual(self.taken(), 0)
        self.assertEqual(self.taken("--cpu-offload-gb", "100"), 190)
        self.assertEqual(self.taken("--cpu_offload_gb=0.5", "-tp", "4"), 0.95 // (1 / GIB) / GIB)
        self.assertEqual(self.taken("--swap-space", "4", "-tp", "2"), 4)
        self.assertEqual(self.taken("--kv-offloading-size", "100", "-tp", "4"), 25)
        self.assertEqual(self.taken("--mm-processor-cache-gb", "8", "-dp", "3"), 32 / 3 // (1 / GIB) / GIB)
        offloading = {"kv_connector": "OffloadingConnector"}
        offloading["kv_connector_extra_config"] = {"cpu_bytes_to_use": 64 * GIB}
        both = {"kv_connector": "MultiConnector"}
        both["kv_connector_extra_config"] = {"connectors": [offloading, {"kv_connector": "Other"}]}
        for config in (offloading, both):
            self.assertEqual(self.taken("--kv-transfer-config", json.dumps(config), "-tp", "2"), 32)
        offloading["kv_connector_extra_config"] = {"cpu_bytes_to_use": "lots"}
        self.assert_error(["cpu_bytes_to_use"], self.taken, "--kv-transfer-config", json.dumps(offloading))

    def test_is_said_where_it_is_more_than_its_size(self):
        self.assertEqual(host_taken_warnings(Arguments(["MODEL"])), [])
        said = self.plan_of("gh200-480", "--cpu-offload-gb", "40")
        self.assertIn("--cpu-offload-gb keeps 40 GiB", said)
        self.assertIn("129 GiB of KV cache", said)  # 205 - 76


if __name__ == "__main__":
    unittest.main()
