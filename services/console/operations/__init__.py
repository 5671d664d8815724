"""What operators can do, for the command line and the web page alike. Nothing here prints."""
