"""The reconstruction frameworks, which implement the protocol in `framework.py`."""
