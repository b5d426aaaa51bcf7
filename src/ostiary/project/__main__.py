"""`python -m ostiary.project` is the command `ostiary`."""

import sys

from ostiary.project.cli import main

if __name__ == "__main__":
    sys.exit(main())
