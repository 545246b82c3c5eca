"""What runs leave behind: their folders, where their figures come from, and every configuration ever scored."""
