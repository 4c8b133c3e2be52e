#!/usr/bin/env bash
# build-lmcache.sh SOURCE: the wheel of LMCache with its CUDA kernels, for the C++ library that PyTorch is built with.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need MAX_JOBS TORCH_CUDA_ARCH_LIST
export ENABLE_CXX11_ABI=1
wheel "$1"
