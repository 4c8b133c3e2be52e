#!/usr/bin/env bash
# install-build-tools.sh: installs BUILD_TOOLS, and holds every later pip to the PyTorch of the base image.
#
# The base image holds pip to all of its versions; of those only PyTorch's matter to what is compiled against it.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need BUILD_TOOLS PIP_CONSTRAINT
python3 - >"$PIP_CONSTRAINT" <<'PYTHON' || die "the base image has no PyTorch"
import importlib.metadata

print(f"torch=={importlib.metadata.version('torch')}")
PYTHON
read -ra tools <<<"$BUILD_TOOLS"
python3 -m pip install --no-cache-dir "${tools[@]}" || die "these packages cannot be installed: $BUILD_TOOLS"
