"""The demonstration: a web server of its own with good and bad files, and the jobs that fetch them."""
