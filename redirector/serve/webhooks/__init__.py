"""Webhooks of email providers: who signed, and what happened to which message. Addresses are not kept."""
