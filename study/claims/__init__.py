"""What the thread claims, each a test on the tables, declared before the data are seen."""
