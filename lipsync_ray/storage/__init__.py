"""Files by name: a path of this machine or an address in a cloud store; read, written, listed, kept close."""
