"""What every network needs, whatever it draws: files of weights, a device, batches that fit into memory."""
