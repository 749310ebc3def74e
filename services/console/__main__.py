"""`python -m services.console [api|consumer|relay|all|migrate]`."""

from services.console.app import SERVICE
from shared.hosting import main

if __name__ == "__main__":
    main(SERVICE)
