#!/usr/bin/env bash
# build-probe.sh SOURCE: builds cmm_probe, by which cmm serve looks at the machine, into /usr/local/bin.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

(($# == 1)) || die "needs the folder of the repository"
cd "$1"
cmake --preset probe || die "cmm_probe cannot be configured"
cmake --build build/probe --target cmm_probe || die "cmm_probe could not be built"
install build/probe/tools/programs/probe/cmm_probe /usr/local/bin/
cmm_probe --json >/dev/null || die "cmm_probe does not run"
rm -rf build
