"""The append-only log: events, their erasable parts, and what is hashed and kept for ever."""
