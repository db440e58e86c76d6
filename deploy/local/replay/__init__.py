"""`make replay`: a web server's access log as traffic through the running stack, counted and compared."""
