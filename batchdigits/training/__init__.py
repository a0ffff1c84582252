"""Making models: data, the scan simulator, architecture, training, calibration, export."""
