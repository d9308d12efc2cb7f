"""A message to a person (消息): queued, attempted, receipted; the channels register from above."""
