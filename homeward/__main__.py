"""`python -m homeward`: the same as the `homeward` command."""

from homeward.cli import main

if __name__ == "__main__":
    main()
