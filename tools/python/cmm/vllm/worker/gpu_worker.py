"""vLLM's GPU worker with a KV cache that may be larger than HBM."""

import logging
import time
from contextlib import AbstractContextManager
from typing import Any

import torch

import cmm.torch

from ...errors import Error
from ...size import format_size
from ..following import FixedError, check_server, groups_of
from ..machine.host_memory import available_host_memory
from ..refusals import refuse_config
from ..release.interface import installed, require
from ..settings import places_blocks, read_settings
from .backing import Backing, Placement, explained
from .follow import Following

require(*installed())

from vllm.v1.core.sched.output import (  # noqa: E402
    CachedRequestData,
    NewRequestData,
    SchedulerOutput,
)
from vllm.v1.worker.gpu_worker import Worker as StockWorker  # noqa: E402

_log = logging.getLogger("vllm.cmm")


class Worker(StockWorker):
    """Name it to vLLM: `vllm serve MODEL --worker-cls cmm.vllm.Worker`.

    vLLM profiles how much HBM is left for the KV cache; the worker adds `large_bytes`, or takes
    `--kv-cache-memory-bytes` as the whole. The backing tensors of the KV cache, and nothing else, come from
    the recipe: the first blocks are placed in HBM, the others where the recipe says.
    """

    def __init__(
        self,
        vllm_config: Any,
        local_rank: int,
        rank: int,
        distributed_init_method: str,
        is_driver_worker: bool = False,
    ) -> None:
        refuse_config(vllm_config)
        self._settings = read_settings(vllm_config.additional_config)
        super().__init__(vllm_config, local_rank, rank, distributed_init_method, is_driver_worker)
        if self._settings.library is None:
            self._alloc = cmm.torch.build(self._settings.recipe)
        else:
            self._alloc = cmm.torch.load(self._settings.library)
        self._hbm_bytes = 0
        self._backing: Backing | None = None
        self._placement: Placement | None = None
        self._following: Following | None = None
        self._reported = time.monotonic()

    def determine_available_memory(self) -> int:
        """Bytes of KV cache: the HBM that vLLM found free for it, and the larger memory."""
        asked, self.cache_config.kv_cache_memory_bytes = self.cache_config.kv_cache_memory_bytes, None
        try:
            free = super().determine_available_memory()
        finally:
            self.cache_config.kv_cache_memory_bytes = asked
        self._hbm_bytes = max(0, free - self._settings.hbm_headroom)
        if self._settings.hbm_bytes is not None:
            self._hbm_bytes = min(self._hbm_bytes, self._settings.hbm_bytes)
        total = asked or self._hbm_bytes + self._settings.large_bytes
        beyond = total - self._hbm_bytes
        workers = self.vllm_config.parallel_config.local_world_size
        host = available_host_memory() if beyond > 0 else 0
        if beyond > 0 and beyond * workers > host:
            raise Error(
                f"the KV cache of {format_size(total)} needs {format_size(beyond)} beyond the "
                f"{format_size(self._hbm_bytes)} that HBM has for it, and the host has {format_size(host)} "
                f"free for {workers} such; ask for less by large_bytes or --kv-cache-memory-bytes"
            )
        if beyond <= 0:
            _log.info(
                "cmm: the KV cache of %s fits in HBM; for a larger one set large_bytes in "
                '--additional-config \'{"cmm": {"large_bytes": "64GiB"}}\', or use cmm serve',
                format_size(total),
            )
        return total

    def initialize_from_config(self, kv_cache_config: Any) -> None:
        """Allocate the KV cache from the recipe, place its blocks, and say where they are."""
        sizes = {each.size for each in kv_cache_config.kv_cache_tensors}
        self._backing = Backing(self._alloc, sizes, self.device)
        with explained():
            super().initialize_from_config(kv_cache_config)
            self._backing.check_complete()
            placement = Placement(
                self._backing, self.model_runner.kv_caches, kv_cache_config.num_blocks, self._hbm_bytes
            )
            if places_blocks(self._alloc.recipe):
                placement.apply(self._alloc)
            self._backing.fill()
            torch.cuda.synchronize()
        self._placement = placement
        self._kv_cache_config = kv_cache_config
        self._say_where(placement)

    def compile_or_warm_up_model(self) -> Any:
        """From its end on blocks follow: a warm-up uses made-up ids of blocks."""
        following, self._following = self._following, None
        result = super().compile_or_warm_up_model()
        if following is not None:  # warmed up again: blocks lie where they were moved
            self._following = following
            return result
        try:
            self._following = self._follow()
        except (FixedError, Error) as why:
            _log.info("cmm: rank %d, blocks keep their places: %s", self.rank, why)
        else:
            _log.info("cmm: rank %d, blocks follow the requests into HBM", self.rank)
        return result

    def _follow(self) -> Following:
        at = self._placement
        if self._settings.blocks == "fixed":
            raise FixedError('the setting "blocks" says so')
        if at is None or at.hbm_blocks == at.blocks:
            raise FixedError("all of them are in HBM")
        if not places_blocks(self._alloc.recipe):
            raise FixedError("the recipe says where memory is, and not block by block")
        check_server(self.vllm_config, (SchedulerOutput, NewRequestData, CachedRequestData))
        dcp = getattr(self.vllm_config.parallel_config, "decode_context_parallel_size", 1)
        return Following(
            at,
            groups_of(self._kv_cache_config, dcp),
            caching=bool(self.cache_config.enable_prefix_caching),
            careful=self._settings.blocks == "careful",
        )

    def _maybe_get_memory_pool_context(self, tag: str) -> AbstractContextManager[Any]:
        if tag == "kv_cache" and self._backing is not None:
            return self._backing
        return super()._maybe_get_memory_pool_context(tag)

    def execute_model(self, scheduler_output: Any) -> Any:
        """A step of the model, after its blocks came; now and then a line about where the KV cache is."""
        if self._settings.report_seconds:
            now = time.monotonic()
            if now - self._reported >= self._settings.report_seconds:
                self._reported = now
                self._report()
        if self._following is not None:
            scheduler_output = self._following.step(scheduler_output)
        return super().execute_model(scheduler_output)

    def _say_where(self, at: Placement) -> None:
        if places_blocks(self._alloc.recipe):
            rest = at.total - at.hbm_bytes
            where = (
                f"{format_size(at.hbm_bytes)} in HBM with {at.hbm_blocks} blocks, {format_size(rest)} beyond "
                f"with {at.blocks - at.hbm_blocks}"
            )
        else:
            fast = cmm.torch.stats(self._alloc).fast_bytes
            where = (
                f"{format_size(fast)} in the fast memory of the recipe" if fast else "where the recipe says"
            )
        _log.info(
            "cmm: rank %d, KV cache of %s in %d blocks: %s; recipe %s",
            self.rank,
            format_size(at.total),
            at.blocks,
            where,
            self._alloc.recipe,
        )

    def _report(self) -> None:
        if self._placement is None:
            return
        try:
            shares = self._placement.residency(self._alloc)
        except Error as problem:  # a server that cannot be looked at still serves
            self._placement = None
            _log.warning("cmm: rank %d, no more lines about residency: %s", self.rank, problem)
            return
        counted = cmm.torch.stats(self._alloc)
        _log.info(
            "cmm: rank %d, KV cache by a sample of its pages: %s; skipped hints %d, refused requests %d",
            self.rank,
            ", ".join(f"{share:.0%} {place}" for place, share in sorted(shares.items())),
            counted.skipped_hints,
            counted.failed,
        )
