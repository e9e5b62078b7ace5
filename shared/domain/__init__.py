"""What is true without a network: errors, money, ids, names, platforms' rules. Pure; imports nothing."""
