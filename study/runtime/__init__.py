"""What a run needs of the machine: files that are whole or absent, and claims that processes respect."""
