"""The data plane: the only path that reads or writes business data. `access` decides every call, `audit` records it."""
