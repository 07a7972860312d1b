"""What makes a script a stage: config and command line, files that are whole, a pool of workers, budget and stop."""
