"""Who may call what, as one table made from the catalogue, for the functions in process and for the deployed API."""
