"""Parts that come with the package so that nothing else need be installed: Postgres and Java."""
