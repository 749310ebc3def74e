"""What the suite says to others, written down from the code: the AsyncAPI document, the page of events, the gate."""
