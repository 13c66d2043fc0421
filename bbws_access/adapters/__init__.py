"""What the services ask of the world outside the table, on AWS."""
