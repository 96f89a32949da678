"""`python -m charmodels.cli` is `charmodels`."""

from __future__ import annotations

import sys

from charmodels.cli import main

sys.exit(main())
