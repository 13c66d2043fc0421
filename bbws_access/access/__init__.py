"""Who may do what: grants, the actor who holds them, and the decision."""
