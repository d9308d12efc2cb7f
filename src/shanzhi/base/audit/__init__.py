"""Security log and sealing (审计)."""
