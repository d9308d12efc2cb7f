"""Floor of pure ideas: no Django, no database, no clock of its own."""
