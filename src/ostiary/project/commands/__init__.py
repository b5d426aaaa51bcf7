"""The subcommands of `ostiary`, a module for each group: options here, the work behind a late import."""
