"""The API's OpenAPI document, made from the catalogue and the models."""
