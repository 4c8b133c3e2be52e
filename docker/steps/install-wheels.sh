#!/usr/bin/env bash
# install-wheels.sh PACKAGE...: makes the environment /opt/venv and installs published packages into it.
#
# A package without a wheel for this machine is compiled, for the GPUs in TORCH_CUDA_ARCH_LIST.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

(($# > 0)) || die "names no package"
python3 -m venv /opt/venv || die "/opt/venv cannot be made; the package python3-venv is needed"
/opt/venv/bin/pip install --no-cache-dir "$@" || die "these packages cannot be installed: $*"
/opt/venv/bin/pip check || die "the installed packages do not fit each other, see above"
