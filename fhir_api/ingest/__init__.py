"""From a Bundle or a folder of files to rows of the store, one transaction at a time."""
