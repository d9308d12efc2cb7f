"""Due times as rows (时钟)."""
