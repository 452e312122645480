"""One call: its events into the machine, and the machine's actions out."""
