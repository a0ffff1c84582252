"""The training loop: cycles of epochs, their steps, checkpoints and history."""
