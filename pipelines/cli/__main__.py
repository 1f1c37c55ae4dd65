"""`python -m pipelines.cli`: where the code is shipped to a cluster there is no command."""

from pipelines.cli.app import main

main()
