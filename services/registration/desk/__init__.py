"""The one-stop desk (一站式服务): certificates, registrations, stamps, invoices; each with owner and due time (REG-9)."""
