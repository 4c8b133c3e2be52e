"""A package that cannot be installed is an error that shows pip's own reason."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = """
set -euo pipefail
source "$0/tools/support/common.sh"
source "$0/tools/support/packages.sh"
source "$0/tools/support/python.sh"
venv=$1
has_package() { true; }
python_package Jinja2 >/dev/null || echo "$why_no_package"
"""
TLS = """WARNING: Retrying after connection broken by 'SSLError(SSLCertVerificationError(1, 'self-signed'))'
ERROR: Could not find a version that satisfies the requirement Jinja2
ERROR: No matching distribution found for Jinja2"""
DISK = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"


def reason(pip_says):
    """What is said where pip fails with these words."""
    with tempfile.TemporaryDirectory() as folder:
        python = pathlib.Path(folder) / "bin/python"
        python.parent.mkdir()
        python.write_text(
            f"#!/bin/sh\n[ \"$3\" = --version ] && exit 0\ncat >&2 <<'SAYS'\n{pip_says}\nSAYS\nexit 1\n"
        )
        python.chmod(0o755)
        command = ["bash", "-c", SCRIPT, str(ROOT), folder]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


class Installing(unittest.TestCase):
    def test_the_reason_of_pip_is_shown(self):
        """Of a connection the cause, not what follows from it."""
        self.assertEqual(reason(TLS), "pip says: SSLError(SSLCertVerificationError(1, 'self-signed'))'")
        self.assertEqual(reason(DISK), "pip says: " + DISK)


if __name__ == "__main__":
    unittest.main()
