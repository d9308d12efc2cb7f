"""Push (推送): server-sent events that carry topic and number."""
