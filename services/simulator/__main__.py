"""`python -m services.simulator [centre|migrate]`; `all` is the centre too: it is all there is to run."""

import sys

from services.simulator.app import SERVICE
from shared.hosting import main

if __name__ == "__main__":
    if sys.argv[1:2] in ([], ["all"], ["centre"]):
        sys.argv[1:] = ["api"]
    main(SERVICE)
