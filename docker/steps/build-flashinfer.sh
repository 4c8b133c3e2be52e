#!/usr/bin/env bash
# build-flashinfer.sh SOURCE: the wheels of FlashInfer and of its kernels, compiled for TORCH_CUDA_ARCH_LIST.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need MAX_JOBS TORCH_CUDA_ARCH_LIST
export FLASHINFER_CUDA_ARCH_LIST=${TORCH_CUDA_ARCH_LIST//;/ }
python3 -m pip install --no-cache-dir --requirement "$1/requirements.txt" || die "what FlashInfer needs cannot be installed"
wheel "$1"
wheel "$1/flashinfer-jit-cache"
