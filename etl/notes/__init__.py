"""Notes of a patient: their text, the key that names it, and the vectors an encoder makes of it."""
