"""The records of the table, and what is asked of the services. Attribute names are the API's."""
