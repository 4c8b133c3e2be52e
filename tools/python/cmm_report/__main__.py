"""python -m cmm_report."""

import sys

from .cli import main

sys.exit(main())
