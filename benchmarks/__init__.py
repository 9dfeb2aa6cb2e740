"""How long the pipeline's steps take and what memory they hold, beside what a notebook does today."""
