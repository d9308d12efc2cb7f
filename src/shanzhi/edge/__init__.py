"""The edge (边): what people and programs touch: HTTP, push, the command line, exchange files."""
