"""What the outside meets: webhooks, the relay's WebSocket, health, and logs."""
