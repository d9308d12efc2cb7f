"""Partner organisations of a place (共建单位), what was agreed with them, and what they took on."""
