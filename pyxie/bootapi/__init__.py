"""An API server of pixiecore's, asked what machines boot that no file knows."""
