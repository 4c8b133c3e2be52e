"""vLLM's own scheduler of a release, run without PyTorch and without a GPU."""

import contextlib
import hashlib
import importlib
import pickle
import types
from pathlib import Path

import stand_in_modules
from cmm.vllm.scheduler import within_hbm

NAMES = {"request": "request_module"}


class RealScheduler:
    """The scheduler of the sources in a folder, and what it needs. One release for each process."""

    def __init__(self, source: Path) -> None:
        stand_in_modules.put_in_place(source)
        for name in (
            "request",
            "outputs",
            "kv_cache_interface",
            "core.kv_cache_utils",
            "core.sched.scheduler",
        ):
            setattr(
                self, NAMES.get(name, name.rpartition(".")[2]), importlib.import_module(f"vllm.v1.{name}")
            )
        self.asynchronous = importlib.import_module("vllm.v1.core.sched.async_scheduler").AsyncScheduler
        importlib.import_module("vllm.distributed.kv_events").EventPublisherFactory = types.SimpleNamespace(
            create=lambda *given: types.SimpleNamespace(publish=lambda batch: None)
        )
        self.scheduler.record_function_or_nullcontext = lambda name: contextlib.nullcontext()
        self.kv_cache_utils.init_none_hash(lambda value: hashlib.sha256(pickle.dumps(value)).digest())

    def make(
        self, groups, blocks, *, caching=True, runs_ahead=False, budget=64, requests=8, drafts=0, pp=1, kept=0
    ):
        """A scheduler for groups of layers, each a kind of vLLM's by its name, and what it is made with."""
        specs = [self.spec(name, size, **more) for name, size, more in groups]
        kinds = self.kv_cache_interface
        layers = [kinds.KVCacheGroupSpec([f"layer {at}"], spec) for at, spec in enumerate(specs)]
        cache = kinds.KVCacheConfig(num_blocks=blocks, kv_cache_tensors=[], kv_cache_groups=layers)
        size = max(spec.block_size for spec in specs)
        modes = {getattr(spec, "mamba_cache_mode", "none") for spec in specs}
        mode = "align" if "align" in modes else "none"
        config = _config(blocks, size, caching, budget, requests, drafts, pp, runs_ahead, mode)
        config.additional_config = {"cmm": {"watermark": kept / blocks}}
        kind = within_hbm if kept else self.asynchronous if runs_ahead else self.scheduler.Scheduler
        made = kind(
            vllm_config=config,
            kv_cache_config=cache,
            structured_output_manager=_GRAMMAR,
            block_size=size,
            hash_block_size=min(spec.block_size for spec in specs),
            mm_registry=types.SimpleNamespace(supports_multimodal_inputs=lambda model: False),
        )
        return made, specs

    def spec(self, name, block_size, **more):
        """A kind of layers."""
        kind = getattr(self.kv_cache_interface, name)
        if name == "MambaSpec":
            return kind(block_size=block_size, shapes=((4,),), dtypes=(_Float(),), **more)
        return kind(block_size=block_size, num_kv_heads=1, head_size=8, dtype=_Float(), **more)

    def request(self, number, prompt, outputs, block_size):
        """A request of these tokens."""
        hasher = self.kv_cache_utils.get_request_block_hasher(
            block_size, lambda value: hashlib.sha256(pickle.dumps(value)).digest()
        )
        sampling = types.SimpleNamespace(
            max_tokens=outputs,
            min_tokens=0,
            extra_args=None,
            structured_outputs=None,
            eos_token_id=None,
            stop_token_ids=[],
            repetition_detection=None,
            skip_reading_prefix_cache=False,
            prompt_logprobs=None,
            num_logprobs=None,
            logprobs=None,
            stop=None,
            ignore_eos=True,
        )
        return self.request_module.Request(
            request_id=number,
            prompt_token_ids=list(prompt),
            sampling_params=sampling,
            pooling_params=None,
            block_hasher=hasher,
        )


class _Float:
    itemsize = 2


_GRAMMAR = types.SimpleNamespace(
    accept_tokens=lambda request, tokens: True,
    should_advance=lambda request: False,
    validate_tokens=lambda request, tokens: tokens,
)
"""As of a server without structured output."""


def _config(blocks, size, caching, budget, requests, drafts, pp, runs_ahead, mode):
    it = types.SimpleNamespace
    draft = it(
        num_speculative_tokens=drafts,
        num_speculative_tokens_per_batch_size=None,
        disable_eagle_block_drop=False,
        max_num_new_slots_for_drafting=0,
        use_eagle=lambda: False,
        use_eagle_block_drop=lambda: False,
        needs_eagle_block_drop=lambda: False,
        uses_draft_model=lambda: False,
        use_dflash=lambda: False,
        use_dspark=lambda: False,
    )
    return it(
        scheduler_config=it(
            max_num_seqs=requests,
            max_num_active_seqs=None,
            max_num_scheduled_tokens=None,
            max_num_batched_tokens=budget,
            long_prefill_token_threshold=0,
            long_prefill_token_threshold_adaptive=False,
            policy="fcfs",
            enable_chunked_prefill=True,
            disable_chunked_mm_input=False,
            scheduler_reserve_full_isl=False,
            async_scheduling=runs_ahead,
            prefill_schedule_interval=1,
            watermark=0.0,
        ),
        cache_config=it(
            num_gpu_blocks=blocks,
            block_size=size,
            enable_prefix_caching=caching,
            mamba_cache_mode=mode,
            enable_mamba_shared_prefix_checkpoint=False,
        ),
        model_config=it(
            max_model_len=4096,
            is_encoder_decoder=False,
            uses_mrope=False,
            runner_type="generate",
            is_diffusion=False,
            supports_multimodal_inputs=False,
            enable_return_routed_experts=False,
            return_sampling_mask=False,
        ),
        parallel_config=it(
            data_parallel_index=0,
            data_parallel_size=1,
            pipeline_parallel_size=pp,
            decode_context_parallel_size=1,
            prefill_context_parallel_size=1,
        ),
        observability_config=it(
            kv_cache_metrics=False,
            per_request_spec_decode_metrics=None,
            enable_mfu_metrics=False,
            enable_logging_iteration_details=False,
        ),
        ec_manager_config=it(get_encoder_cache_manager_obj=lambda: None),
        aux_output_config=it(enabled=False),
        speculative_config=draft if drafts else None,
        lora_config=None,
        kv_events_config=None,
        kv_transfer_config=None,
        ec_transfer_config=None,
        is_mm_encoder_only=False,
        num_speculative_tokens=drafts,
        num_lookahead_tokens=0,
        num_prefill_lookahead_tokens=0,
        num_hash_lookahead_tokens=0,
        max_in_flight_tokens=budget,
        max_concurrent_batches=2 if runs_ahead else 1,
        use_v2_model_runner=False,
    )
