#!/usr/bin/env bash
# build-vllm.sh SOURCE TRITON: the wheel of vLLM against the PyTorch of the base image, with the triton_kernels of the
# tree TRITON. Its server written in Rust is left out: it is off unless asked for, and needs a Rust compiler.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need MAX_JOBS TORCH_CUDA_ARCH_LIST VLLM_VERSION
cd "$1"
python3 use_existing_torch.py --prefix || die "vLLM cannot be told to use the PyTorch that is there"
requirements=requirements/build/cuda.txt
[[ -e $requirements ]] || requirements=requirements/build.txt
python3 -m pip install --no-cache-dir --requirement "$requirements" || die "what builds vLLM cannot be installed"
export TRITON_KERNELS_SRC_DIR=$2/python/triton_kernels/triton_kernels
[[ -d $TRITON_KERNELS_SRC_DIR ]] || die "$TRITON_KERNELS_SRC_DIR does not exist; which release of Triton is it?"
export VLLM_VERSION_OVERRIDE=$VLLM_VERSION VLLM_TARGET_DEVICE=cuda VLLM_REQUIRE_RUST_FRONTEND=0 NVCC_THREADS=1
wheel .
