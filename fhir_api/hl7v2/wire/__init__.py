"""HL7 v2 as it comes over the wire: frames, characters, delimiters, acknowledgements."""
