"""The sandbox's own side: its script, its ledger, its pages."""
