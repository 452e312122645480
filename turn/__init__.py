"""Turn-taking below the machine: its events and options, replies, and what was heard. PURE."""
