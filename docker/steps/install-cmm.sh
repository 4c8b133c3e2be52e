#!/usr/bin/env bash
# install-cmm.sh SOURCE: installs the Python package cmm from the repository in SOURCE, the headers beside it, and an
# allocator made from ALLOCATOR_RECIPE in /opt/cmm/lib.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

need ALLOCATOR_RECIPE
(($# == 1)) || die "needs the folder of the repository"
source=$1

python3 -m pip install --no-cache-dir --no-deps "$source/tools/python" || die "the package cmm cannot be installed"
install --directory /opt/cmm/lib
cp -R "$source/include" /opt/cmm/include
python3 -m cmm.adapter --recipe "$ALLOCATOR_RECIPE" -o /opt/cmm/lib/libcmm.so ||
  die "no allocator can be built from '$ALLOCATOR_RECIPE'"
