"""Notice boards and contact cards of grids: who is there for the residents, and how to reach them."""
