"""One trained model to rows: its codes, its fits, their samples, their scores."""
