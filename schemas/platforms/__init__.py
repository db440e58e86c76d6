"""What platforms answer, read: bytes in, snapshots out, a reason with its place for each part that is none.

Nothing here asks anybody or knows a service: doors, pollers and imports of files share it.
"""
