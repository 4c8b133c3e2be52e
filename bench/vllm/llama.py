"""The model of the benchmarks: a Llama whose weights are dummies."""

# 3.75 billion parameters, so that a step takes the GPU no less than the CPU; 64 KiB of KV for each token
LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 2048,
    "torch_dtype": "bfloat16",
    "bos_token_id": 1,
    "eos_token_id": 2,
}
# 60 billion parameters, 120 GB: with 16 GiB of KV they fill an H200; 280 KiB of KV for each token
LARGE = {
    **LLAMA,
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 70,
    "num_attention_heads": 64,
}
WITHOUT_COMPILING = {"mode": 0, "cudagraph_mode": "FULL_DECODE_ONLY"}
"""For servers that shall start sooner."""
