"""The leak gate: the proof, made for every batch, that nothing of its people goes out."""
