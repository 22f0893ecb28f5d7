"""What is said to people, in the window and on the command line alike."""
