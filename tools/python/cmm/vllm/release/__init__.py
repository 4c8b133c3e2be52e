"""Is this a release of vLLM that cmm knows? Read from its source files, without importing it."""
