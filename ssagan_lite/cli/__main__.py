"""`python -m ssagan_lite.cli`, for where the `ssagan` script is not on the path."""

import sys

from ssagan_lite.cli import main

if __name__ == "__main__":
    sys.exit(main())
