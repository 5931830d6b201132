"""`python -m bench.pinned CORE -m MODULE ...`: a Python module on one core."""

import os
import sys

from bench.report import host

if __name__ == "__main__":
    host.pin(int(sys.argv[1]))
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
