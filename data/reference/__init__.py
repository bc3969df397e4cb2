"""Reference data: what the project ships (``seeds``) and what an operator installs (``packs``)."""
