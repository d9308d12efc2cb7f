"""One matter to resolve (案件): the closed loop from report to rating."""
