"""The simulated insurance centre (医保中心): national transactions over HTTP, with faults that tests switch on."""
