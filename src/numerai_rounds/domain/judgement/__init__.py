"""What the scores of eras come to: statistics with intervals, simulated payout, headlines."""
