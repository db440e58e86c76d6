"""Who a user agent stands for: a person's browser, an app with a person behind, or a bot."""
