"""Who may read what the program makes: never anybody who may not read what it is made of."""
