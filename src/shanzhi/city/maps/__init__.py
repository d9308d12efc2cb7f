"""Maps (地图): vector tiles of the tree of places, baked for a district or a city."""
