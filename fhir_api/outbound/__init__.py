"""What this server itself fetches and sends, to allowed places alone."""
