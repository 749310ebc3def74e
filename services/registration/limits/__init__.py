"""Limits: how many bookings ahead a patient may have, and the cooling-off after no-shows (REG-2)."""
