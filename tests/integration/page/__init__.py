"""The console's page in Chromium, on a running console."""
