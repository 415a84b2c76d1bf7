"""What the user's functions and objects hold, and how it is handed over and put back."""
