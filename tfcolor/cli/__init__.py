"""The command line: it translates options and does nothing else."""
