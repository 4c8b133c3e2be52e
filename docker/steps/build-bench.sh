#!/usr/bin/env bash
# build-bench.sh: builds cmm_bench and cmm_probe in this folder, a copy of the repository, into bin/, installs the
# packages of the report into .venv, and tries all three on a simulated machine. BENCH_CUDA_ARCHITECTURES says for
# which GPUs, where the image has a CUDA toolkit.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need BENCH_CUDA_ARCHITECTURES
for preset in bench probe; do
  cmake --preset "$preset" "-DCMAKE_CUDA_ARCHITECTURES=$BENCH_CUDA_ARCHITECTURES" || die "build/$preset cannot be configured"
  cmake --build "build/$preset" --target "cmm_$preset" || die "cmm_$preset could not be built"
done

# With the libraries that stand beside it.
mkdir bin
cp build/bench/bench/cmm_bench build/probe/tools/programs/probe/cmm_probe bin/
find build/bench/bench -maxdepth 1 -name '*.so*' -exec cp {} bin/ \;

trial=$(mktemp -d)
export CMM_BENCH_BINARY=$PWD/bin/cmm_bench MPLCONFIGDIR=$trial/matplotlib
tools/bench --platform sim:gh200-480 --quick --out "$trial" || die "cmm_bench does not run"
[[ -s $trial/report.html ]] || die "tools/bench left no report"
bin/cmm_probe --json >/dev/null || die "cmm_probe does not run"
rm -rf "$trial" build
