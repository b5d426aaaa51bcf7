"""What every context may use: typed ids, clock, errors, the Context, ports. Standard library only."""
