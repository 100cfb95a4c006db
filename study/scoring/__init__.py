"""From one trained model to table rows: its codes, fitted strategies, their samples and scores."""
