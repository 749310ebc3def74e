"""The one-stop desk (一站式服务): certificates, registrations, stamps; each with an owner and a due time (REG-9)."""
