"""Fourth floor: the readmission network, its training, its registry and its predictor."""
