"""What `scripts/bench` measures: one file for each subject, beside the nouns that they share. None of it is shipped."""
