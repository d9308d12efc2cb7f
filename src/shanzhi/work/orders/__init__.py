"""Orders (指令): tell many people, and know that they got it."""
