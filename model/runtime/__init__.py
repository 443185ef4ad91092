"""What serving needs of the model, in NumPy alone: no Keras and no TensorFlow is ever loaded."""
