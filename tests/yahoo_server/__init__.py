"""A loopback Yahoo: real yfinance talks to it through an HTTPS proxy, with environment variables alone."""
