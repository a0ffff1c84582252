"""What ``import batchdigits`` offers to programs and notebooks, besides errors.

    import batchdigits

    for reading in batchdigits.read("my-scans"):
        print(reading.file, reading.digit, reading.confidence)
    table = batchdigits.to_dataframe("my-scans")
    results = batchdigits.load("outbox")

Everything happens in this process, unless ``workers`` or ``isolate`` ask for others, and threads
may call it: nothing is forked, no signal caught, no file written, moved or changed, and nothing is
printed that was not asked for; the logger ``batchdigits`` warns where an array may be read in more
than one way. Only a model made elsewhere is opened by a process of its own the first time, and
gets a card beside it.
"""
