#!/usr/bin/env bash
# healthy-bench.sh: whether the suite can still run here and leave its results.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

"${CMM_BENCH_BINARY:-cmm_bench}" --list >/dev/null || die "cmm_bench does not run"
[[ -w /results ]] || die "/results cannot be written; mount a folder that user $(id -u) may write, or run with --user"
