"""Many trainings side by side: running them, their records, tables, figures and verdicts."""
