"""The table's keeper: whether all in it is right, what repairs it, copies of it and how to get back."""
