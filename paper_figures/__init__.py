"""What does the paper show? Every table and figure, the printed value beside the computed one: load, call, plot."""
