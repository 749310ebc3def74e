"""`python -m services.beds [api|consumer|relay|all|migrate]`."""

from services.beds.app import SERVICE
from shared.hosting import main

if __name__ == "__main__":
    main(SERVICE)
