"""Parameters as people write them: `values` reads texts, `files` YAML files."""
