"""Making models: data, variations, architecture, training, export. The only user of TensorFlow."""
