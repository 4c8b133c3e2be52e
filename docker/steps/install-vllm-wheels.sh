#!/usr/bin/env bash
# install-vllm-wheels.sh: vLLM, LMCache and InfiniStore as published, each of the version in its variable.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need VLLM_VERSION LMCACHE_VERSION INFINISTORE_WHEEL_VERSION
packages=("vllm==$VLLM_VERSION" "lmcache==$LMCACHE_VERSION")
if [[ $(uname -m) == x86_64 ]]; then
  packages+=("infinistore==$INFINISTORE_WHEEL_VERSION")
else
  say "InfiniStore is published for x86_64 only and is left out; the image vllm builds it from source"
fi
exec "$(dirname "${BASH_SOURCE[0]}")/install-wheels.sh" "${packages[@]}"
