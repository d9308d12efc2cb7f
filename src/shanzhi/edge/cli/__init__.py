"""The command line (命令行) of Shanzhi: serve a city, keep its database, run its workers."""
