"""Combinations that cannot work: refused for the command and for the worker alike."""

import types
import unittest

from cmm.errors import Error
from cmm.vllm.refusals import CONNECTORS, refuse, refuse_config


def config(connector=None, extra=None, sleep=False, **model):
    """As vLLM's own configuration, as far as it is read."""
    transfer = types.SimpleNamespace(kv_connector=connector, kv_connector_extra_config=extra)
    return types.SimpleNamespace(
        kv_transfer_config=transfer if connector else None,
        model_config=types.SimpleNamespace(enable_sleep_mode=sleep, **model),
    )


class Refusals(unittest.TestCase):
    """Plain values, and a configuration of vLLM."""

    def assert_refused(self, words, call, *arguments, **named):
        """In one sentence that has these words."""
        with self.assertRaises(Error) as refused:
            call(*arguments, **named)
        for word in words:
            self.assertIn(word, str(refused.exception))
        self.assertNotIn("\n", str(refused.exception))

    def test_what_works_is_let_through(self):
        refuse(environment={})
        refuse(environment={"PYTORCH_ALLOC_CONF": "expandable_segments:False,max_split_size_mb:64"})
        for name in ("OffloadingConnector", "SimpleCPUOffloadConnector", "LMCacheConnectorV1"):
            refuse(kv_transfer={"kv_connector": name}, environment={})
        refuse_config(config())
        refuse_config(config("OffloadingConnector", {}))

    def test_each_connector_that_needs_memory_of_cuda_malloc(self):
        for name, reason in CONNECTORS.items():
            self.assert_refused([name, reason], refuse, kv_transfer={"kv_connector": name}, environment={})
            self.assert_refused([name], refuse_config, config(name))

    def test_a_connector_inside_another(self):
        inner = {"connectors": [{"kv_connector": "OffloadingConnector"}, {"kv_connector": "NixlConnector"}]}
        told = {"kv_connector": "MultiConnector", "kv_connector_extra_config": inner}
        self.assert_refused(["NixlConnector"], refuse, kv_transfer=told, environment={})
        self.assert_refused(["NixlConnector"], refuse_config, config("MultiConnector", inner))
        refuse(kv_transfer={**told, "kv_connector_extra_config": None}, environment={})

    def test_pools_of_vllm_itself(self):
        self.assert_refused(["--enable-sleep-mode"], refuse, sleep_mode=True, environment={})
        self.assert_refused(["--enable-sleep-mode"], refuse_config, config(sleep=True))
        self.assert_refused(["--enable-cumem-allocator"], refuse, cumem_allocator=True, environment={})
        self.assert_refused(["cumem"], refuse_config, config(enable_cumem_allocator=True))

    def test_expandable_segments_in_either_variable(self):
        for name in ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"):
            for value in ("expandable_segments:True", "a:b, expandable_segments: true"):
                self.assert_refused([name, "expandable"], refuse, environment={name: value})


if __name__ == "__main__":
    unittest.main()
