"""Which input each result is the gradient of."""
