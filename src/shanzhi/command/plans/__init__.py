"""Plans (预案): what becomes live at which level; activation, reports upward, duty log."""
