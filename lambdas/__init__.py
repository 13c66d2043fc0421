"""Entry points of the deployed functions: parse, call a service, answer."""
