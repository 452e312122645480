"""What is said of settings: names that are none of ours, and values that cannot be used. PURE."""
