"""System settings: what a tenant decides about its own workspace, typed, bounded and recorded."""
