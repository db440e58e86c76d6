"""The stream: a Faust worker that folds batches into counters and makes them durable, exactly once."""
