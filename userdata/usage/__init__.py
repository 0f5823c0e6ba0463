"""Folds nginx's log of uses into the last push and the pulls of each tag. Runs on the host, on the standard library."""
