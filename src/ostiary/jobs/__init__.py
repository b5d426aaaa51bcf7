"""Background work: tasks, jobs enqueued in the transaction of the change, workers, subscribers."""
