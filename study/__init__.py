"""Where new VAE data should be drawn from, measured."""
