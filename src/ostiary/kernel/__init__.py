"""What every context may use: typed ids, clock, errors, the Context value and ports. Standard library only."""
