"""Key ring, envelope encryption and the local key provider (standards: column encryption)."""
