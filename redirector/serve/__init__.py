"""The data plane: answers links and writes every event to the spool before it answers."""
