"""`python -m tenure` is the command."""

from tenure.cli import main

main()
