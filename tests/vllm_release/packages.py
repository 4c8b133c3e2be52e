"""The sources of released vLLM packages, downloaded once; and how they differ from what cmm relies on.

usage: tests/vllm_release/packages.py [VERSION...]
  VERSION    a release, such as 0.25.1; the oldest supported and the newest one if none is named

The packages come from pip's index, or from the wheels in CMM_VLLM_PACKAGES=FOLDER. Only the Python files
that the check reads are kept, in build/vllm-packages. Exit status 1 where a release differs or cannot be had.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "python"))

from cmm.errors import Error  # noqa: E402
from cmm.vllm.release.block_fields import why_blocks_stay  # noqa: E402
from cmm.vllm.release.interface import differences  # noqa: E402

KEPT = ROOT / "build" / "vllm-packages"
OLDEST = "0.23.0"
SHA256 = {OLDEST: "872aeb7c36a1ea942216af067ce870ffdf960804e829367e1b4eb36d4831c03c"}
"""What the wheels of fixed releases must be; pip checks the others against the index."""
ASK_AGAIN = 24 * 3600
"""Seconds for which the newest release is remembered, so that tests run again need no network."""
READ = tuple(f"vllm/{name}" for name in ("__init__", "config", "engine/", "utils", "v1/"))

# The same packages on every machine and every Python: those for x86-64, whose Python files are all alike.
ANY_MACHINE = ["--only-binary=:all:", "--no-deps", "--ignore-requires-python"]
ANY_MACHINE += ["--implementation=cp", "--abi=abi3", "--abi=cp312", "--python-version=3.12"]
ANY_MACHINE += [f"--platform=manylinux_2_{glibc}_x86_64" for glibc in range(17, 50)]
ANY_MACHINE += ["--platform=manylinux2014_x86_64", "--platform=manylinux1_x86_64"]


class UnreachableError(Exception):
    """pip could not get a package; the text says which and why."""


def newest() -> str:
    """The version of the newest release. Raises UnreachableError."""
    remembered = KEPT / "newest"
    folder = os.environ.get("CMM_VLLM_PACKAGES")
    if not folder and remembered.is_file() and time.time() - remembered.stat().st_mtime < ASK_AGAIN:
        return remembered.read_text()
    with tempfile.TemporaryDirectory() as target:
        said = _pip(
            "vllm", "install", "--dry-run", "--ignore-installed", f"--target={target}", "--report=-", "vllm"
        )
    version = json.loads(said)["install"][0]["metadata"]["version"]
    if not folder:
        KEPT.mkdir(parents=True, exist_ok=True)
        partial = KEPT / f"newest.{os.getpid()}.partial"
        partial.write_text(version)
        partial.rename(remembered)
    return version


def sources(version: str) -> Path:
    """The folder `vllm` of a release. Raises UnreachableError, and Error for a wheel of the wrong content."""
    kept = KEPT / "-".join(["vllm", version, *filter(None, [SHA256.get(version, "")[:12]])])
    if not kept.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT, suffix=".partial") as folder:
            partial = Path(folder)
            _extract(_download(version, partial), partial / "whole")
            try:
                (partial / "whole").rename(kept)
            except OSError:
                if not kept.is_dir():  # another process was faster
                    raise
    return kept / "vllm"


def _download(version: str, folder: Path) -> Path:
    wanted = folder / "wanted.txt"
    pinned = f" --hash=sha256:{SHA256[version]}" if version in SHA256 else ""
    wanted.write_text(f"vllm=={version}{pinned}\n")
    _pip(f"vllm=={version}", "download", f"--dest={folder}", f"--requirement={wanted}")
    return next(folder.glob("*.whl"))


def _extract(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        for name in packed.namelist():
            if name.startswith(READ) and name.endswith(".py"):
                packed.extract(name, folder)


def _pip(wanted: str, command: str, *arguments: str) -> str:
    """What pip printed."""
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries=1", "--timeout=30"]
    if folder := os.environ.get("CMM_VLLM_PACKAGES"):
        options += ["--no-index", f"--find-links={Path(folder).resolve()}"]
    whole = [_python_with_pip(), "-m", "pip", command, *options, *ANY_MACHINE, *arguments]
    done = subprocess.run(whole, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["pip said nothing"]
        if "DO NOT MATCH THE HASHES" in done.stderr:
            raise Error(
                f"the wheel of {wanted} is not the one that was pinned; get it again: {said[-1].strip()}"
            )
        place = f"the folder {folder}" if folder else "its index"
        lost = " (no network?)" if "onnection" in done.stderr and not folder else ""
        raise UnreachableError(f"pip could not get {wanted} from {place}{lost}: {said[-1].strip()}")
    return done.stdout


def _python_with_pip() -> str:
    """This Python, or that of .venv where this one has no pip."""
    venv = ROOT / ".venv" / "bin" / "python"
    return str(venv) if not importlib.util.find_spec("pip") and venv.exists() else sys.executable


def main() -> int:
    if sys.argv[1:] in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    status = 0
    try:
        for version in sys.argv[1:] or [OLDEST, newest()]:
            source = sources(version)
            found = differences(source)
            stay = why_blocks_stay(source)
            print(f"vLLM {version}: {len(found)} differences" if found else f"vLLM {version}: no difference")
            print(f"  blocks keep their places: {stay}" if stay else "  blocks follow the requests")
            for each in found:
                print(f"  {each}")
            status = status or int(bool(found))
    except (UnreachableError, Error) as error:
        print(f"tests/vllm_release/packages.py: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
