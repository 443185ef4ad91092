"""A real readmission benchmark: the UCI Diabetes-130 hospital stays, taken through every floor."""
