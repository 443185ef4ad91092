"""Third floor: from stored resources to events, labels and features."""
