#!/usr/bin/env bash
# install-cmm.sh SOURCE: installs the Python package cmm from the repository in SOURCE, the headers beside it, an
# allocator made from ALLOCATOR_RECIPE in /opt/cmm/lib, and for the user of make-user.sh what a worker compiles at its
# first start.
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

# A cache folder is refused that belongs to another user, who could put any program there.
python3 -m cmm.vllm.prepared /home/cmm/.cache/cmm || die "the library of KV pages cannot be built"
chown -R 10001:10001 /home/cmm/.cache
