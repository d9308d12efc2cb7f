"""Home-isolation care (居家隔离) and the fenced store of contacts (密接)."""
