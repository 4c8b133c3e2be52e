#!/usr/bin/env bash
# build-flash-attention.sh SOURCE: the wheel of FlashAttention for Hopper, without training and older GPUs.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need MAX_JOBS
[[ -d $1/hopper ]] || die "$1 has no folder hopper; which release of FlashAttention is it?"
export FLASH_ATTENTION_FORCE_BUILD=TRUE FLASH_ATTENTION_DISABLE_BACKWARD=TRUE FLASH_ATTENTION_DISABLE_SM80=TRUE
export NVCC_THREADS=1
wheel "$1/hopper"
