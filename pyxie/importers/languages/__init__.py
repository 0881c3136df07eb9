"""Template languages in Jinja2: waitron's pongo2, Matchbox's text/template, Cobbler's Cheetah."""
