"""The model's life: tokens, checkpoints, training, decoding."""
