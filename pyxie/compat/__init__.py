"""The words of waitron and pixiecore, translated at the edge, in both directions."""
