"""The HTTP API: URL composition, authentication, errors, OpenAPI."""
