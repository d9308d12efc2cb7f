"""Photos and files by hash (附件)."""
