"""What is said of values that cannot be used. PURE."""
