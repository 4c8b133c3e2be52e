#!/usr/bin/env bash
# install-built-wheels.sh FOLDER: installs the wheels in FOLDER, then what they need beside each other and PyTorch.
#
# A wheel that asks for another version of one that was built here is named, and keeps the one that was built.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

needs=$(mktemp)
shopt -s nullglob
wheels=("$1"/*.whl)
((${#wheels[@]} > 0)) || die "there is no wheel in $1"
python3 -m pip install --no-cache-dir --no-deps --force-reinstall "${wheels[@]}" || die "the wheels cannot be installed"
python3 - "${wheels[@]}" >"$needs" <<'PYTHON' || die "the wheels do not say what they need"
import importlib.metadata
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

built = {parse_wheel_filename(Path(wheel).name)[0] for wheel in sys.argv[1:]}
given = built | {"torch", "torchvision", "torchaudio"}
for name in sorted(built):
    for text in importlib.metadata.requires(name) or []:
        need = Requirement(text)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        if canonicalize_name(need.name) not in given:
            print(f"{need.name}{'[' + ','.join(need.extras) + ']' if need.extras else ''}{need.specifier}")
        elif canonicalize_name(need.name) in built:
            found = importlib.metadata.version(need.name)
            if not need.specifier.contains(found, prereleases=True):
                print(f"note: {name} asks for {need.name}{need.specifier}, and {found} was built", file=sys.stderr)
PYTHON
python3 -m pip install --no-cache-dir --requirement "$needs" || die "what the wheels need cannot be installed"
rm -f "$needs"
