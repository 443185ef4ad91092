"""Reading Bundles, giving their entries identities, joining their references, answering them."""
