"""What R4 lets a resource be found by: HL7's definitions, offered as far as the policy goes."""
