"""`serve` as a process of its own, in its fast lane and in its ordinary one."""
