"""`python -m services.followup [api|consumer|relay|all|migrate]`."""

from services.followup.app import SERVICE
from shared.hosting import main

if __name__ == "__main__":
    main(SERVICE)
