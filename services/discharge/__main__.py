"""`python -m services.discharge [api|consumer|relay|all|migrate]`."""

from services.discharge.app import SERVICE
from shared.hosting import main

if __name__ == "__main__":
    main(SERVICE)
