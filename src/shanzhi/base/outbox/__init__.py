"""What happened, numbered after commit (发件箱)."""
