"""The app's HTTP and WebSocket side: webhooks, relay sessions, streams, health, server and logs."""
