"""The contract of an event, as JSON Schema and AsyncAPI: written from what the stream itself judges by."""
