"""Drills (演练): who answers in a drill response, simulated answers as the clock passes, a score against the plan."""
