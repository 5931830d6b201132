"""`python -m engine` is `fixlane`."""

import sys

from engine.cli import main

sys.exit(main())
