"""A folder watched for months: what arrives is noticed, left to settle, read and reported."""
