"""Does generation jobs: claims rows, calls the vendor, keeps what was paid for, stores it, finishes the row."""
