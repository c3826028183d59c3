"""Whether the two wings agree: estimates, checks and the report that says in words what they prove."""
