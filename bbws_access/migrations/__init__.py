"""Moving a live table from one layout to the next: never a record lost, never a writer overwritten."""
