"""One patient's journey (患者旅程): every event across the services in order, with what caused it."""
