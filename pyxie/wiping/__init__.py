"""What of what a build serves wipes a disk: read in what is rendered, format by format."""
