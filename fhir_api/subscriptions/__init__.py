"""Topic-based subscriptions: what happened, who wants to know, deliveries."""
