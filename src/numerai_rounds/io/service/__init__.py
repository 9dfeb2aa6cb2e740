"""The network: requests that end, the service's queries, an account and what it sends."""
