"""An API server of pixiecore's, asked what unknown machines boot."""
