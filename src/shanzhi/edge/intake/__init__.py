"""Intake (收件): the hot doors for phones. Many small requests, one durable commit every few milliseconds."""
