#!/usr/bin/env bash
# build-triton-kernels.sh SOURCE: the wheel of triton_kernels, from the tree of Triton.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[[ -d $1/python/triton_kernels ]] || die "$1 has no python/triton_kernels; which release of Triton is it?"
wheel "$1/python/triton_kernels"
