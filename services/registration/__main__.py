"""`python -m services.registration [api|consumer|relay|all|migrate]`."""

from services.registration.app import SERVICE
from shared.hosting import main

if __name__ == "__main__":
    main(SERVICE)
