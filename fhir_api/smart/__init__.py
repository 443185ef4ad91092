"""SMART App Launch and backend services: discovery, clients, tokens, launches."""
