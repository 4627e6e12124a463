"""The items behind a layer's kind, read against the options that its class declares."""
