"""Units, posts and accounts (人员)."""
