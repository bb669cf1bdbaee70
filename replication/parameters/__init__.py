"""Parameters as people write them: `values` reads texts, `files` YAML files, `cell` the parameters cell of a notebook."""
