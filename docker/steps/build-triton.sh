#!/usr/bin/env bash
# build-triton.sh SOURCE: the wheel of Triton. Its build fetches the LLVM that this commit of Triton names.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need MAX_JOBS
wheel "$1"
