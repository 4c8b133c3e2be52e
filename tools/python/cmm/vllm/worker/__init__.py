"""What runs inside of vLLM: its GPU worker with other memory behind the KV cache. Needs PyTorch."""
