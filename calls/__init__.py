"""One call: its events into the machine, and what the machine wants done."""
