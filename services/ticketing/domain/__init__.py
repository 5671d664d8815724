"""The rules of selling and redeeming tickets, in plain Python."""
