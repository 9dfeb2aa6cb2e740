"""The model as one file that runs elsewhere, and that tried out."""
