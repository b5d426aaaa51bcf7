"""The data plane: the only path to business data. `access` decides every call, `audit` records it."""
