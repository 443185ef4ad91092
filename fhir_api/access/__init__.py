"""Who asks, what they may see and do."""
