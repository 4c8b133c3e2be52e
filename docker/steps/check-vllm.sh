#!/usr/bin/env bash
# check-vllm.sh NAME=VERSION...: whether the image has these Python packages in these versions, and vLLM and cmm start.
#
# An empty VERSION takes any. No GPU is needed.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

(($# > 0)) || die "names no package"
python3 - "$@" <<'PYTHON' || die "the image is not what docker/versions.hcl says, see above"
import importlib.metadata
import sys

faults = 0
for wanted in sys.argv[1:]:
    name, _, version = wanted.partition("=")
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = None
    print(f"{name}: {found or 'not installed'}")
    # A build may add what it was made for, such as +cu130.
    if found is None or version and found.split("+")[0] != version:
        print(f"{name} {version or 'of any version'} was expected", file=sys.stderr)
        faults += 1
sys.exit(faults > 0)
PYTHON
python3 -c 'import cmm, vllm' || die "vllm or cmm cannot be imported"
[[ -s /opt/cmm/lib/libcmm.so ]] || die "there is no allocator in /opt/cmm/lib"
[[ -n $(find /home/cmm/.cache/cmm -name 'libcmmkv-*.so' -user 10001) ]] || die "there is no library of KV pages for the user"
cmm_probe --json >/dev/null || die "cmm_probe does not run"
cmm serve --help >/dev/null || die "the command cmm serve does not start"
