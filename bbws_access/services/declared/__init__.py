"""The state of an organisation as a file says it: what differs, and how to get there."""
